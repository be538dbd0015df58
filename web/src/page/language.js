/** The language of the interface: the visitor's choice, else that of the browser. */

import { told } from "../refusals.js";
import { TEXTS } from "./texts.js";

const KEY = "hwgen-language";
const followers = [];
let language = remembered() ?? (navigator.language.startsWith("ja") ? "ja" : "en");

/**
 * A text of the table in the language of the page.
 *
 * @param {keyof typeof TEXTS} key
 * @param {Object<string, any>} [values]  what replaces {name} in the text; a
 *     refusal in the language of the page, too
 */
export function t(key, values = {}) {
  return told(TEXTS, language, key, values);
}

/** @returns {"ja" | "en"} */
export function currentLanguage() {
  return language;
}

/** @param {() => void} follower  called now and after each change of the language */
export function onLanguage(follower) {
  followers.push(follower);
  follower();
}

/** @param {"ja" | "en"} chosen */
export function setLanguage(chosen) {
  language = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
  followers.forEach((follower) => follower());
}

/** Fills in the elements with data-text, data-label and data-placeholder. */
export function translatePage() {
  document.documentElement.lang = language;
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = t(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.setAttribute("placeholder", t(element.dataset.placeholder));
  }
}

function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "ja" || kept === "en" ? kept : null;
  } catch {
    return null;
  }
}
