/** @file The button that chooses light, dark, or what the system says; the choice is kept where the browser allows it. */
const themes = ['system', 'light', 'dark'] as const;
const button = document.querySelector<HTMLButtonElement>('#theme');
const root = document.documentElement;

function show(theme: (typeof themes)[number]): void {
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  if (button) button.textContent = `Theme: ${theme}`;
  document.dispatchEvent(new Event('themechange'));
}

/** Storage may be refused, for a file more than for a site. */
function kept(): (typeof themes)[number] {
  try {
    const name = localStorage.getItem('ehmam theme');
    return themes.find((theme) => theme === name) ?? 'system';
  } catch {
    return 'system';
  }
}

let current = kept();
show(current);
button?.addEventListener('click', () => {
  current = themes[(themes.indexOf(current) + 1) % themes.length] ?? 'system';
  show(current);
  try {
    localStorage.setItem('ehmam theme', current);
  } catch {
    // It is chosen anew next time.
  }
});

// Paper is white.
window.addEventListener('beforeprint', () => show('light'));
window.addEventListener('afterprint', () => show(current));

export {};
