/**
 * All that the engine and the reading of photos refuse, in the languages of the page.
 *
 * {name} stands for a value, or for a refusal that is the reason. The English sentences
 * of photo/ are those of the Python package.
 */

/**
 * @typedef {{key: string, values: Object<string, any>, message: string}} Refusal
 *   `message`: the English sentence
 */

export const REFUSALS = {
  // The models do not start.
  noSimd: {
    ja: "このブラウザーではモデルが動きません（WebAssembly SIMD がありません）。新しいブラウザーで開いてください。",
    en: "This browser cannot run the models (it lacks WebAssembly with SIMD); use a newer one.",
  },
  oldBrowser: {
    ja: "このブラウザーは古すぎます（DecompressionStream がありません）。2023年以降のものを使ってください。",
    en: "This browser is too old for the page (it lacks DecompressionStream); use one of 2023 or newer.",
  },
  insecure: {
    ja: "ここではモデルを検査できません。ページを https か localhost で開いてください。",
    en: "The models cannot be checked here: open the page over https or from localhost.",
  },
  notDownloaded: {
    ja: "{name} をダウンロードできませんでした。接続を確かめて、ページを読み込みなおしてください。",
    en: "{name} could not be downloaded; check the connection and load the page again.",
  },
  notServed: {
    ja: "{name} をダウンロードできませんでした（サーバーの応答：{status}）。ページを読み込みなおしてください。",
    en: "{name} could not be downloaded (the server answers {status}); load the page again.",
  },
  brokeOff: {
    ja: "{name} のダウンロードが途中で切れました。接続を確かめて、ページを読み込みなおしてください。",
    en: "The download of {name} broke off; check the connection and load the page again.",
  },
  damagedModel: {
    ja: "モデルのファイル {name} が壊れています（チェックサムが合いません）。ページを読み込みなおしてください。",
    en: "The model file {name} is damaged (its checksum is wrong); load the page again.",
  },
  damagedList: {
    ja: "モデルの一覧（models.json）が壊れています。ページを読み込みなおしてください。",
    en: "The list of the models (models.json) is damaged; load the page again.",
  },
  deadModel: {
    ja: "モデル {name} がこのブラウザーで動きません（{reason}）。新しいブラウザーで開いてください。",
    en: "The model {name} does not start in this browser ({reason}).",
  },
  notStarted: {
    ja: "エンジンが動きませんでした。ページを読み込みなおしてください。",
    en: "The engine could not be started; load the page again.",
  },
  closed: {
    ja: "エンジンは終了しています。ページを読み込みなおしてください。",
    en: "The engine was closed.",
  },

  // Hands.
  noHand: {
    ja: "どの字からも筆跡がわかりませんでした（「{character}」：{why}）。書きなおすか、写真を撮りなおしてください。",
    en: "No character shows the hand ({character}: {why}); show it again.",
  },
  noCharacter: {
    ja: "筆跡を見せる字を、ひとつ以上書いてください。",
    en: "Show at least one character of the hand.",
  },
  handGone: {
    ja: "この筆跡はもうありません。もう一度、字を見せてください。",
    en: "This hand does not exist any more; show it again.",
  },
  unwritable: {
    ja: "書くことのできる字ではありません。",
    en: "It is none of the characters that can be written.",
  },
  noStrokes: { ja: "画がありません。", en: "It has no strokes." },
  noNumber: { ja: "数でない点があります。", en: "A point of it is no number." },
  otherCount: {
    ja: "画の数が、この字と違います。",
    en: "It has another number of strokes than this character.",
  },
  foreignStrokes: {
    ja: "この字にない画があります。",
    en: "It has strokes that do not belong to this character.",
  },
  lacksStrokes: { ja: "この字の画が足りません。", en: "It lacks strokes of this character." },
  unlike: { ja: "この字に見えません。", en: "It does not look like this character." },

  // Images of characters.
  theImage: { ja: "画像", en: "The image" },
  imageOf: { ja: "「{character}」の画像", en: "The image of {character}" },
  blank: {
    ja: "{name}に字が見えません。濃くはっきりした字にしてください。",
    en: "{name} is blank; remove it, or scan it with more contrast.",
  },
  specks: {
    ja: "{name}には小さな点しかありません。字を大きく書いてください。",
    en: "{name} holds nothing but specks; remove it.",
  },
  greys: {
    ja: "{name}の画素は{count}個で、{width}×{height}個ではありません。画素ごとに数をひとつ与えてください。",
    en: "{name} has {count} greys and not {width} x {height}; give one a pixel.",
  },
  noTemplate: {
    ja: "KanjiVG に「{character}」の画がありません。",
    en: "KanjiVG has no strokes for {character}",
  },
  inkLeft: {
    ja: "書かれた線の{share}しか、この字の画に合いません。",
    en: "its lines cover {share} of the ink",
  },
  besideInk: {
    ja: "この字の画の{share}が、書かれた線から外れます。",
    en: "{share} of its lines are beside the ink",
  },
  strangeInk: {
    ja: "書かれた線の{share}は、この字のどの画でもありません。",
    en: "no stroke explains {share} of the ink",
  },
  otherForm: {
    ja: "書かれた形が、この字と違います。",
    en: "the ink has not the form of this character",
  },

  // Photos of practice sheets.
  pixels: {
    ja: "写真の数は{count}個で、4×{width}×{height}個ではありません。画素ごとに赤、緑、青、不透明度を与えてください。",
    en: "The photo has {count} numbers and not 4 x {width} x {height}; give red, green, blue and opacity of each pixel.",
  },
  blankPhoto: {
    ja: "写真に何も写っていません。もう一度撮ってください。",
    en: "The photo is blank; take the photo again, or remove it.",
  },
  noMark: { ja: "ひとつも", en: "none" },
  oneMark: { ja: "ひとつしか", en: "only one" },
  twoMarks: { ja: "ふたつしか", en: "only two" },
  threeMarks: { ja: "みっつしか", en: "only three" },
  fewMarks: {
    ja: "写真には、練習用紙の四すみの印が{count}見えません。用紙全体を入れて、明るい所で撮りなおしてください。",
    en: "The photo shows {count} of the four corner marks of a practice sheet; take it again with the whole page in the picture, or remove it.",
  },
  noCode: {
    ja: "写真に四すみの印はありますが、上のふたつの間にあるページの符号が読めません。符号を隠さず、平らにして、ぶれないように撮りなおしてください。",
    en: "The photo shows corner marks, but the page code between the upper two cannot be read; take it again with nothing on the code, flat and sharp, or remove it.",
  },
  bent: {
    ja: "写真の用紙が曲がっているか、端が隠れています。平らに置き、端を隠さずに撮りなおしてください。",
    en: "The photo shows a page that is bent or covered at its edges; lay it flat, keep the edges free and take it again, or remove it.",
  },
  otherSheet: {
    ja: "写真の用紙（{number}の{page}ページ）は、ほかの字を書くものです。かなの練習用紙を撮ってください。",
    en: "The photo shows page {page} of the sheet {number}, which asks for other characters; choose those that were printed on it, or give the .json that was written with it.",
  },

  // What only programs do wrong.
  wholeNumber: {
    ja: "{name} は0以上の整数にしてください。",
    en: "{name} has to be a whole number of 0 or more.",
  },
  numberUpTo: {
    ja: "{name} は0から{most}までの数にしてください。",
    en: "{name} has to be a number from 0 to {most}.",
  },
  imageSide: {
    ja: "画像の大きさは8以上の整数にしてください。",
    en: "The size of an image has to be a whole number of 8 or more.",
  },
  unreadable: {
    ja: "「{character}」は、読むことのできる字ではありません。",
    en: "The reader does not know {character}.",
  },
  noChoice: {
    ja: "候補にする字を、ひとつ以上挙げてください。",
    en: "Name at least one character to choose from.",
  },
};

/**
 * A text of a table. A value that is a refusal is told in the same language, without
 * its full stop.
 *
 * @param {Object<string, {ja: string, en: string}>} texts
 * @param {"ja" | "en"} language
 * @param {string} key
 * @param {Object<string, any>} values
 * @returns {string}
 */
export function told(texts, language, key, values) {
  return texts[key][language].replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    if (!value?.key) return value;
    return told(texts, language, value.key, value.values).replace(/[.。]$/, "");
  });
}

/**
 * @param {string} key  of `REFUSALS`
 * @param {Object<string, any>} [values]
 * @returns {Refusal} which can be sent to the page
 */
export function refusal(key, values = {}) {
  return { key, values, message: told(REFUSALS, "en", key, values) };
}
