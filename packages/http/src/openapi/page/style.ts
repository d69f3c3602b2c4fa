/** The looks of the page: one column on a phone, a list of groups beside it where there is room, light or dark as the reader has it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fcfcfb; --raised: #fff; --text: #1d2329; --quiet: #5a6672; --line: #e1e4e4; --code: #f2f4f4; --accent: #0b6e6e;
  --get: #1463a5; --put: #8a5a00; --post: #1f7a3d; --patch: #6a4ba8; --delete: #b3261e; --head: #5a6672;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181c; --raised: #1a1f24; --text: #e3e7ea; --quiet: #9aa6b1; --line: #2b323a; --code: #20262c; --accent: #58c4c4;
    --get: #6cb2f0; --put: #e0b055; --post: #6bcf8e; --patch: #b79cf2; --delete: #f28b82; --head: #9aa6b1;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 0.86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--code); border-radius: 4px; padding: 0.1em 0.3em; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 8px; margin: 0.4rem 0 0.8rem; padding: 0.7rem 0.9rem; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
header {
  position: sticky; top: 0; z-index: 1; display: flex; gap: 0.4rem 1rem; align-items: center; padding: 0.6rem 1.2rem;
  background: var(--raised); border-bottom: 1px solid var(--line);
}
header b { font-size: 1.1rem; letter-spacing: 0.01em; white-space: nowrap; }
header small { color: var(--quiet); font-weight: normal; }
header a { margin-left: auto; white-space: nowrap; font-size: 0.9rem; }
input {
  flex: 1; min-width: 0; max-width: 26rem; padding: 0.4rem 0.7rem; font: inherit; font-size: 0.95rem; color: inherit;
  background: var(--ground); border: 1px solid var(--line); border-radius: 8px;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.page { display: grid; grid-template-columns: 13rem minmax(0, 50rem); gap: 2.5rem; max-width: 70rem; margin: 0 auto; padding: 1.2rem; }
nav { position: sticky; top: 4.5rem; align-self: start; font-size: 0.93rem; }
nav a { display: block; padding: 0.25rem 0; color: var(--quiet); }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0.4rem 0 0.8rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.3rem; }
h2 + p, .lead p { color: var(--quiet); margin-top: 0; }
h3 { font-size: 0.8rem; margin: 1.1rem 0 0.2rem; color: var(--quiet); text-transform: uppercase; letter-spacing: 0.06em; }
details { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; margin: 0.45rem 0; }
summary { display: flex; flex-wrap: wrap; gap: 0.1rem 0.7rem; align-items: baseline; padding: 0.5rem 0.8rem; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary:hover { background: var(--code); border-radius: 8px; }
summary code { background: none; padding: 0; font-weight: 600; }
summary span { color: var(--quiet); font-size: 0.93rem; margin-left: auto; text-align: right; }
.method { font: 700 0.72rem/1.5 ui-monospace, Menlo, Consolas, monospace; width: 3.6rem; color: var(--head); }
.get { color: var(--get); } .put { color: var(--put); } .post { color: var(--post); } .patch { color: var(--patch); } .delete { color: var(--delete); }
.inside { padding: 0 0.9rem 0.9rem; border-top: 1px solid var(--line); }
dl { margin: 0; display: grid; grid-template-columns: minmax(8rem, 11rem) minmax(0, 1fr); gap: 0.45rem 1rem; }
.answers { grid-template-columns: 3rem minmax(0, 1fr); }
dt { font: 600 0.86rem/1.7 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dt small { display: block; font-weight: normal; color: var(--quiet); line-height: 1.4; }
dd { margin: 0; font-size: 0.95rem; }
dd p { margin: 0 0 0.4rem; }
.media { color: var(--quiet); font-size: 0.88rem; margin: 0.5rem 0 0; }
.codes { display: flex; flex-wrap: wrap; gap: 0.3rem; align-items: baseline; margin: 0.3rem 0; }
.codes b { width: 2.4rem; font-size: 0.9rem; }
.codes a { font: 0.8rem/1.4 ui-monospace, Menlo, Consolas, monospace; padding: 0.08rem 0.45rem; border: 1px solid var(--line); border-radius: 99px; color: inherit; }
.try { position: relative; }
.try button {
  position: absolute; top: -1.8rem; right: 0; font: inherit; font-size: 0.78rem; padding: 0.1rem 0.6rem; cursor: pointer;
  color: var(--quiet); background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
}
.none { color: var(--quiet); }
:target > summary { border-radius: 8px; box-shadow: inset 3px 0 var(--accent); }
[hidden] { display: none; }
@media (max-width: 56rem) {
  .page { display: block; padding: 0.9rem; }
  nav { display: none; }
  header { padding: 0.5rem 0.9rem; }
  header small { display: none; }
  summary span { flex-basis: 100%; margin: 0; text-align: left; }
  .method { width: auto; }
  dl:not(.answers) { grid-template-columns: minmax(0, 1fr); gap: 0.1rem; }
  dd { margin-bottom: 0.6rem; }
}
`;
