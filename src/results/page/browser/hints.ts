/** @file What a metric means, beside its name: shown where a reader points, comes by key, or taps. */
const bubble = document.createElement('div');
bubble.className = 'bubble';
bubble.setAttribute('role', 'tooltip');
bubble.hidden = true;
document.body.append(bubble);

for (const button of document.querySelectorAll<HTMLButtonElement>('.hint')) {
  for (const name of ['pointerenter', 'focus', 'click']) button.addEventListener(name, () => show(button));
  button.addEventListener('pointerleave', () => {
    if (document.activeElement !== button) hide();
  });
  button.addEventListener('blur', hide);
}
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') hide();
});
// It stands where the name stood.
document.addEventListener('scroll', hide, { capture: true, passive: true });

function show(button: HTMLElement): void {
  const text = document.getElementById(button.getAttribute('aria-describedby') ?? '')?.textContent;
  if (!text) return;
  bubble.textContent = text;
  bubble.hidden = false;
  const place = button.getBoundingClientRect();
  const margin = 8;
  const left = Math.min(place.left, document.documentElement.clientWidth - bubble.offsetWidth - margin);
  const below = place.bottom + margin;
  const fits = below + bubble.offsetHeight <= document.documentElement.clientHeight;
  bubble.style.left = `${Math.max(margin, left)}px`;
  bubble.style.top = `${fits ? below : Math.max(margin, place.top - bubble.offsetHeight - margin)}px`;
}

function hide(): void {
  bubble.hidden = true;
}

export {};
