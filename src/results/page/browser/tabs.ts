/** @file Tabs as the ARIA practices have them: arrows move and choose, one tab stop a list. */
for (const list of document.querySelectorAll<HTMLElement>('[role=tablist]')) {
  const tabs = [...list.querySelectorAll<HTMLButtonElement>('[role=tab]')];
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tabs, i));
    tab.addEventListener('keydown', (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(tabs, (to + tabs.length) % tabs.length)?.focus();
    });
  }
}

function choose(tabs: readonly HTMLButtonElement[], chosen: number): HTMLButtonElement | undefined {
  for (const [i, tab] of tabs.entries()) {
    tab.setAttribute('aria-selected', String(i === chosen));
    tab.tabIndex = i === chosen ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
    if (panel) panel.hidden = i !== chosen;
  }
  return tabs[chosen];
}

/** A link to something behind another tab brings that tab to the front. */
function reveal(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const panel = target?.closest<HTMLElement>('[role=tabpanel][hidden]');
  if (!panel) return;
  document.getElementById(panel.getAttribute('aria-labelledby') ?? '')?.click();
  target?.scrollIntoView();
}

reveal();
window.addEventListener('hashchange', reveal);

export {};
