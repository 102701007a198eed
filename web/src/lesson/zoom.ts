/** Where a picture stands inside its box: x and y are the centre's offset in pixels. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const FIT: Zoom = { scale: 1, x: 0, y: 0 };
const MOST = 6;

function clamp(zoom: Zoom, width: number, height: number): Zoom {
  if (zoom.scale <= 1.01) return FIT;
  const [mostX, mostY] = [(width * (zoom.scale - 1)) / 2, (height * (zoom.scale - 1)) / 2];
  return {
    scale: zoom.scale,
    x: Math.min(mostX, Math.max(-mostX, zoom.x)),
    y: Math.min(mostY, Math.max(-mostY, zoom.y)),
  };
}

/** Enlarges around a point given from the box's centre: what is under the pointer stays there. */
export function zoomed(old: Zoom, factor: number, x: number, y: number, width: number, height: number): Zoom {
  const scale = Math.min(MOST, Math.max(1, old.scale * factor));
  const ratio = scale / old.scale;
  return clamp({ scale, x: x - (x - old.x) * ratio, y: y - (y - old.y) * ratio }, width, height);
}

export function moved(old: Zoom, dx: number, dy: number, width: number, height: number): Zoom {
  return clamp({ ...old, x: old.x + dx, y: old.y + dy }, width, height);
}
