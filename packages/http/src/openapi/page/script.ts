/**
 * What the page does by itself, as the browser gets it: it looks for words, opens what is linked to, names the node it came from in
 * what is to be typed, and copies that. Without it the page can be read all the same.
 */
export const SCRIPT = `
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const search = document.querySelector('input');
const entries = all('[data-words]');

function find() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const entry of entries) entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
  for (const section of all('section')) section.hidden = all('[data-words]', section).every((entry) => entry.hidden);
  document.querySelector('.none').hidden = entries.some((entry) => !entry.hidden);
  document.querySelector('.lead').hidden = words.length > 0;
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null) return;
  if (target.hidden) {
    search.value = '';
    find();
  }
  if (target.tagName === 'DETAILS') target.open = true;
  target.scrollIntoView();
}

search.hidden = false;
search.addEventListener('input', find);
addEventListener('hashchange', openTarget);
addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
  if (event.key === 'Escape' && document.activeElement === search) {
    search.value = '';
    find();
  }
});
for (const origin of all('.origin')) origin.textContent = location.origin;
if (navigator.clipboard !== undefined)
  for (const button of all('.try button')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector('pre').textContent);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }
openTarget();
`;
