/** @file Buttons that copy the text of the template behind them; a page from disk may have no clipboard of its own. */
for (const button of document.querySelectorAll<HTMLButtonElement>('.copy button')) {
  const label = button.textContent ?? '';
  let reset: ReturnType<typeof setTimeout> | undefined;
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    const template = button.nextElementSibling;
    const text = template instanceof HTMLTemplateElement ? (template.content.textContent ?? '') : '';
    button.textContent = (await copied(text)) ? 'Copied' : 'Not allowed here';
    clearTimeout(reset);
    reset = setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

/** What browsers allow where the page is no secure place. */
function copiedBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.className = 'unseen';
  area.value = text;
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}

export {};
