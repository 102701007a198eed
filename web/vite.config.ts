import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.CLASSROOM_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../signaling/static",
    emptyOutDir: true,
    target: ["chrome111", "firefox120", "safari16.4"],
    // Strict CSP: everything is a file of our own, nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: server, ws: true } },
  },
  test: { environment: "jsdom", include: ["test/**/*.test.{ts,tsx}"] },
});
