/** All texts of the interface. */

import { REFUSALS } from "../refusals.js";

export const TEXTS = {
  ...REFUSALS,

  title: { ja: "あなたの字で書く", en: "Any text in your hand" },
  lead: {
    ja: "いくつかの字を書くと、どんな文章もその筆跡で書きます。",
    en: "Write a few characters, and see any Japanese text in your handwriting.",
  },
  private: {
    ja: "書いた字も写真も、このページの外へは送られません。",
    en: "What you draw and the photos you choose never leave this page.",
  },
  stored: {
    ja: "このページは端末に保存され、通信なしでも開けます。",
    en: "This page is kept on your device and opens without a network, too.",
  },
  newer: {
    ja: "新しい版を保存しました。このページをすべて閉じると使えます。",
    en: "A newer version is kept; it opens once all tabs of this page are closed.",
  },
  language: { ja: "表示の言語", en: "Language" },
  tabs: { ja: "書く・読む", en: "Write or read" },
  write: { ja: "書く", en: "Write" },
  readTab: { ja: "読む", en: "Read" },

  loading: { ja: "モデルを読み込んでいます", en: "Loading the models" },
  failureTitle: { ja: "使えるようになりませんでした", en: "The page could not start" },
  failure: {
    ja: "モデルを読み込めませんでした。ネットワークを確かめるか、新しいブラウザー（WebAssembly SIMD 対応）でもう一度開いてください。詳しくは：",
    en: "The models could not be loaded. Check the network, or open the page in a current browser (with WebAssembly SIMD). The reason:",
  },
  unexpected: {
    ja: "思わぬ誤りが起きました（{reason}）。ページを読み込みなおしてください。",
    en: "Something went wrong ({reason}); load the page again.",
  },
  tryAgain: { ja: "読み込みなおす", en: "Load again" },

  handTitle: { ja: "だれの字で", en: "Whose hand" },
  handDraw: { ja: "手で書く", en: "Draw" },
  handPhoto: { ja: "写真", en: "Photo" },
  handSample: { ja: "見本", en: "Sample" },
  handNew: { ja: "新しい人", en: "New" },
  drawAsk: {
    ja: "マウスかペンか指で、ます目に書いてください。多いほど似ます。",
    en: "Write each character in its square with mouse, pen or finger. More of them show your hand better.",
  },
  drawCharacters: { ja: "書く字（1～20字）", en: "Characters to draw (1 to 20)" },
  guides: { ja: "手本を薄く見せる", en: "Show faint guides" },
  clearAll: { ja: "すべて消す", en: "Clear all" },
  undo: { ja: "戻す", en: "Undo" },
  clear: { ja: "消す", en: "Clear" },
  padLabel: {
    ja: "「{character}」を書くます目、{count}画",
    en: "Square to draw {character} in, strokes: {count}",
  },
  freePadLabel: { ja: "字を書くます目、{count}画", en: "Square to draw in, strokes: {count}" },
  unknown: {
    ja: "「{character}」は知らない字です。ほかの字にしてください。",
    en: "The writer does not know {character}; choose another one.",
  },
  padFault: {
    ja: "「{character}」は使えませんでした（{fault}）。書きなおしてください。",
    en: "{character} could not be used ({fault}); draw it again.",
  },
  photoAsk: {
    ja: "書き込んだ練習用紙の写真を、ここに置くか選んでください。",
    en: "Drop a photo of a filled practice sheet here, or choose one.",
  },
  photoChoose: { ja: "写真を選ぶ", en: "Choose photos" },
  photoSheet: {
    ja: "かなの練習用紙は、hwgen_keras の次の命令で作れます。",
    en: "This command of hwgen_keras makes a practice sheet of the kana.",
  },
  sheetCommand: { ja: "練習用紙を作る命令", en: "Command that makes a practice sheet" },
  photoHow: { ja: "練習用紙の使いかた", en: "How to print and photograph a sheet" },
  photoReading: { ja: "写真を読んでいます…", en: "Reading the photo…" },
  photoRead: { ja: "{count}字を読み取りました。", en: "Characters found: {count}." },
  photoEmpty: {
    ja: "写真に書かれた字が見つかりません。用紙全体を写してください。",
    en: "There is no written character in the photo; take it again with the whole sheet in the picture.",
  },
  photoUnreadable: {
    ja: "{name} は画像として開けません。JPEG か PNG を選んでください。",
    en: "{name} is no picture that the browser can open; choose a JPEG or PNG file.",
  },
  photoFaults: {
    ja: "{count}字のうち、使えなかった字：{bad}",
    en: "Characters found: {count}. Not used: {bad}",
  },
  sampleHand: { ja: "見本の筆跡", en: "Sample hand" },
  newHand: { ja: "別の人にする", en: "Another writer" },
  newAsk: {
    ja: "だれのものでもない、新しい筆跡を作ります。",
    en: "A handwriting that belongs to nobody.",
  },
  "name-draw": { ja: "あなたの字", en: "your hand" },
  "name-photo": { ja: "写真の字", en: "the hand of the photo" },
  "name-sample": { ja: "見本 {number}", en: "sample hand {number}" },
  "name-new": { ja: "新しい人 {number}", en: "new writer {number}" },
  otherHand: { ja: "混ぜる筆跡", en: "Mix with" },
  noOther: { ja: "なし", en: "no other hand" },
  noDrawing: {
    ja: "混ぜる字がまだ書かれていません。「手で書く」で書いてください。",
    en: "Your hand is not drawn yet; draw some characters first.",
  },
  noPhoto: {
    ja: "混ぜる写真がまだありません。「写真」で選んでください。",
    en: "There is no photo yet; choose one first.",
  },

  textTitle: { ja: "なにを", en: "What text" },
  text: { ja: "文章", en: "Text" },
  noText: { ja: "文章を入れてください。", en: "Type a text first." },
  writeButton: { ja: "書く", en: "Write it" },
  again: { ja: "もう一度", en: "Again" },
  cancel: { ja: "やめる", en: "Cancel" },
  replay: { ja: "筆順を見る", en: "Replay" },
  paper: { ja: "書かれた文章", en: "The written text" },
  progress: { ja: "書いた割合", en: "Part that is written" },
  writing: { ja: "{hand}で書いています…", en: "Writing in {hand}…" },
  written: { ja: "{hand}で{count}字。", en: "In {hand}, characters: {count}." },
  awaited: {
    ja: "これは見本の筆跡です。あなたの字を見せると、その字で書きます。",
    en: "This is a sample hand. Show yours, and it is written in that.",
  },
  skipped: {
    ja: "書けないので飛ばした字：{characters}",
    en: "Skipped, since the writer does not know them: {characters}",
  },

  lookTitle: { ja: "どのように", en: "How" },
  direction: { ja: "向き", en: "Direction" },
  horizontal: { ja: "横書き", en: "Across" },
  vertical: { ja: "縦書き", en: "Down" },
  pen: { ja: "ペン", en: "Pen" },
  ball: { ja: "ボールペン", en: "Ball pen" },
  felt: { ja: "サインペン", en: "Felt pen" },
  brush: { ja: "筆", en: "Brush" },
  temperature: { ja: "ゆらぎ", en: "Variation" },
  guidance: { ja: "筆跡の効き", en: "Guidance by the hand" },
  strength: { ja: "くずし", en: "Strength" },
  mix: { ja: "混ぜる割合", en: "Share of the other hand" },

  saveTitle: { ja: "保存", en: "Keep it" },
  saveSvg: { ja: "SVG を保存", en: "Save SVG" },
  savePng: { ja: "PNG を保存", en: "Save PNG" },
  saveHand: { ja: "筆跡を保存", en: "Save the hand" },
  saved: { ja: "保存しました。", en: "Saved." },
  fontTitle: { ja: "フォントにする", en: "Make a font of it" },
  fontHow: {
    ja: "保存した hand.zip を hwgen_keras のフォルダーで開き、次の命令を実行すると、かなとこの文章の漢字のフォント hand.otf ができます。",
    en: "Unpack hand.zip in the folder of hwgen_keras and run this there. It makes hand.otf, a font of the kana and of the kanji of this text.",
  },
  command: { ja: "フォントを作る命令", en: "Command that makes the font" },
  copy: { ja: "命令をコピー", en: "Copy the command" },
  copied: { ja: "コピーしました。", en: "Copied." },
  selected: { ja: "命令を選びました。コピーしてください。", en: "The command is selected; copy it." },

  readAsk: {
    ja: "字をひとつ書いてください。読み取った候補を五つ挙げます。",
    en: "Draw one character. The reader names the five likeliest.",
  },
  readings: { ja: "読み取りの候補", en: "Likeliest readings" },
  readNothing: { ja: "まだ何も書かれていません。", en: "Nothing is drawn yet." },
  read: { ja: "「{character}」らしい（{share}）", en: "Most likely {character} ({share})" },
  probabilityOf: { ja: "「{character}」の確率", en: "Probability of {character}" },
  credit: {
    ja: "筆順は KanjiVG（Ulrich Apel、CC BY-SA 3.0）によります。",
    en: "Strokes after KanjiVG by Ulrich Apel, CC BY-SA 3.0.",
  },
  licences: { ja: "ライセンス", en: "Licences" },
};
