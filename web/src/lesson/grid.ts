/** How to lay out equal tiles so that they are as large as they can be. Sizes in pixels. */
export interface Grid {
  columns: number;
  tileWidth: number;
  ratio: number;
}

const WIDE = [16 / 9] as const;
/** On a phone held upright, large faces matter more than the whole picture. */
const UPRIGHT = [16 / 9, 4 / 3, 1] as const;

export function gridFor(count: number, width: number, height: number, gap: number): Grid {
  let best: Grid = { columns: 1, tileWidth: 0, ratio: WIDE[0] };
  let area = 0;
  for (const ratio of width < height ? UPRIGHT : WIDE) {
    for (let columns = 1; columns <= count; columns++) {
      const rows = Math.ceil(count / columns);
      const across = (width - gap * (columns - 1)) / columns;
      const down = (height - gap * (rows - 1)) / rows;
      const tileWidth = Math.floor(Math.min(across, down * ratio));
      if (tileWidth <= 0 || (tileWidth * tileWidth) / ratio <= area) continue;
      area = (tileWidth * tileWidth) / ratio;
      best = { columns, tileWidth, ratio };
    }
  }
  return best;
}
