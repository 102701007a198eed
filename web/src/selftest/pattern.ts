/** Moving noise: a picture that an encoder cannot make small, so that it fills what the network carries. */
const TILE = 256;

export interface Pattern {
  track: MediaStreamTrack;
  stop(): void;
}

export function pattern(width: number, height: number, perSecond: number): Pattern {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const tile = noise();
  const draw = () => {
    if (!pen) return;
    const x = Math.random() * TILE;
    const y = Math.random() * TILE;
    for (let left = -x; left < width; left += TILE) {
      for (let top = -y; top < height; top += TILE) pen.drawImage(tile, left, top);
    }
  };
  draw();
  const timer = setInterval(draw, 1000 / perSecond);
  const track = canvas.captureStream(perSecond).getVideoTracks()[0];
  if (!track) throw new Error("no track");
  // A smaller picture would be sent at a rate that says nothing about the network.
  track.contentHint = "detail";
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}

function noise(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = TILE;
  const pen = canvas.getContext("2d");
  if (!pen) return canvas;
  const image = pen.createImageData(TILE, TILE);
  for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
  pen.putImageData(image, 0, 0);
  return canvas;
}
