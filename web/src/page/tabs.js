/** Tabs, as the ARIA practices have them: arrow keys choose among them. */

/** @param {HTMLElement} list  with buttons whose aria-controls name their panels */
export function startTabs(list) {
  const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
  const choose = (tab) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(other.getAttribute("aria-controls"));
      panel.hidden = !chosen;
    }
  };
  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowLeft: -1 };
      const ends = { Home: 0, End: tabs.length - 1 };
      if (!(event.key in steps) && !(event.key in ends)) return;
      event.preventDefault();
      const step = number + steps[event.key] + tabs.length;
      const next = tabs[ends[event.key] ?? step % tabs.length];
      choose(next);
      next.focus();
    });
  });
}
