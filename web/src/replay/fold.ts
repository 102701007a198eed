/** Text as people type it in a hurry: without accents, without capitals. Pure. */

export interface Folded {
  text: string;
  /** For each letter of `text`: where it came from in the original. */
  from: number[];
}

/** "Định lý" is "dinh ly". Each letter of the original gives none or more of the result. */
export function fold(original: string): Folded {
  let text = "";
  const from: number[] = [];
  let at = 0;
  for (const letter of original) {
    const plain = letter
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(/[đĐ]/g, "d")
      .toLowerCase();
    const put = /\s/.test(plain) ? (text.endsWith(" ") ? "" : " ") : plain;
    for (let i = 0; i < put.length; i++) from.push(at);
    text += put;
    at += letter.length;
  }
  return { text, from };
}
