/** Text as the engine writes it: graphemes, with one code point for equal characters. */

const HALF_WIDTH_KANA = /[\uff61-\uff9f]+/gu;
const FULL_WIDTH_LATIN = /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/gu;
const MARKS = new Map([..."!?()~～⋯"].map((mark, i) => [mark, [..."！？（）〜〜…"][i]]));
const WIDER = 0xfee0;

/**
 * Text with those of several equal characters that the models know: half-width digits
 * and letters, full-width kana and marks, marks combined with their kana.
 * @param {string} text
 */
export function normaliseText(text) {
  return text
    .replace(HALF_WIDTH_KANA, (kana) => kana.normalize("NFKC"))
    .normalize("NFC")
    .replace(FULL_WIDTH_LATIN, (c) => String.fromCodePoint(c.codePointAt(0) - WIDER))
    .replace(/[!?()~～⋯]/gu, (mark) => MARKS.get(mark))
    .normalize("NFC");
}

/**
 * What people see as single characters, spaces and line breaks among them; an emoji of
 * several code points is one.
 * @param {string} text
 * @returns {string[]}
 */
export function graphemes(text) {
  const segmenter = new Intl.Segmenter("ja", { granularity: "grapheme" });
  return Array.from(segmenter.segment(normaliseText(text)), (part) => part.segment);
}

/** Whether a grapheme leaves no ink. */
export function isSpace(grapheme) {
  return /^\s*$/u.test(grapheme);
}
