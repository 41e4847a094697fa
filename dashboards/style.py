"""The look. Colours follow the theme by `light-dark()` and `currentColor`, so that one sheet serves both.

Streamlit's own parts are touched as little as can be: its class names may change with a release, and then only spacing
is lost.
"""

from __future__ import annotations

# Drawn here, because Streamlit's browser side fetches a named icon for the tab from the internet.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0f766e"/>'
    '<circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/>'
    '<circle cx="16" cy="16" r="3" fill="#fff"/></svg>'
)

CSS = """<style>
:root { --ns-accent: light-dark(#0f766e, #2dd4bf); --ns-line: light-dark(#dde3e3, #2c3638);
  --ns-quiet: light-dark(#566366, #9aa8aa); --ns-fill: light-dark(#eef2f2, #1b2223);
  --ns-live: light-dark(#15803d, #4ade80); --ns-slow: light-dark(#b45309, #fbbf24);
  --ns-old: #7c8a8c; --ns-wrong: light-dark(#b42318, #f97066); }
[data-testid="stHeader"] { background: transparent; pointer-events: none; }
[data-testid="stHeader"] button { pointer-events: auto; }
[data-testid="stStatusWidget"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 1.6rem 2rem 3rem; max-width: 1500px; }
[data-testid="stSidebarHeader"] { height: 2.6rem; margin-bottom: 0; padding-top: .6rem; }
[data-stale="true"] { opacity: 1 !important; }

.ns-title { display: flex; align-items: baseline; gap: .2rem .9rem; flex-wrap: wrap; }
.ns-title h1 { font-size: 1.55rem; font-weight: 700; padding: 0; margin: 0; letter-spacing: -.02em; }
.ns-title p { margin: 0; color: var(--ns-quiet); }
.ns-note { color: var(--ns-quiet); font-size: .875rem; }
.ns-section { font-weight: 600; font-size: 1.02rem; }
.ns-heading { display: flex; align-items: baseline; gap: .8rem; flex-wrap: wrap; }
.ns-heading h2 { font-size: 1.15rem; font-weight: 600; padding: 0; margin: 0; }
.ns-heading .ns-note::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%;
  margin-right: .4rem; background: var(--ns-live); }
.ns-heading.ns-held .ns-note::before { border-radius: 0; background: var(--ns-slow); }
[class*="st-key-q"] [data-testid="stTextInputRootElement"] { min-height: 3rem; }
[class*="st-key-q"] input { font-size: 1.08rem; }
[class*="st-key-examples"] button { min-height: 2rem; padding: .1rem .7rem; border-radius: 2rem; font-size: .9rem; }
[class*="st-key-beside"] button { min-height: 1.9rem; padding: .05rem .5rem .05rem .75rem; border-radius: 2rem;
  font-size: .88rem; max-width: 100%; background: var(--ns-fill); }
[class*="st-key-beside-like-"] button, [class*="st-key-beside-file"] button { border-color: var(--ns-accent); }
[class*="st-key-beside-unlike-"] button { border-color: var(--ns-wrong); }
.ns-read { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem; font-size: .86rem; }
.ns-chip { padding: .08rem .6rem; border-radius: .4rem; background: var(--ns-fill); overflow-wrap: anywhere; }
.ns-chip i { font-style: normal; color: var(--ns-quiet); }
.ns-exactly { font-weight: 600; }
.ns-only { border: 1px solid var(--ns-accent); }
.ns-without { border: 1px solid var(--ns-wrong); }
.ns-without i { color: var(--ns-wrong); }
.ns-meanwhile { color: var(--ns-quiet); padding: 0 .2rem; }
.ns-mistake { border-left: .3rem solid var(--ns-wrong); padding: .1rem 0 .1rem .8rem; }
.stHtml .ns-mistake p { margin: 0; }
.stHtml .ns-mistake .ns-query { font-size: 1.02rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.ns-mistake mark { background: light-dark(#fde2e0, #55201c); color: inherit; border-radius: .2rem; padding: 0 .1em;
  text-decoration: underline wavy var(--ns-wrong); text-underline-offset: .2em; }
.stHtml .ns-how { display: grid; grid-template-columns: auto 1fr; gap: .45rem .9rem; margin: 0; padding: 0;
  font-size: .9rem; }
.stHtml .ns-how dt { font-weight: 400; padding: 0; margin: 0; }
.stHtml .ns-how dd { margin: 0; padding: 0; opacity: .75; }  /* a popover lies outside what has the theme's colours */
.ns-how code { white-space: nowrap; }
.ns-banner { display: flex; gap: .7rem; align-items: baseline; padding: .5rem .8rem; margin-bottom: .4rem;
  font-size: .9rem; line-height: 1.4; border-radius: .5rem; border-left: .3rem solid #d97706;
  background: light-dark(#fff4d6, #3a2c0c); color: light-dark(#5b3a00, #fde9b8); }
.ns-banner b { text-transform: uppercase; font-size: .72rem; letter-spacing: .06em; white-space: nowrap; }
.ns-notice { border: 1px solid var(--ns-line); border-radius: .7rem; padding: 1.6rem 1.8rem; max-width: 46rem; }
.ns-notice h3 { font-size: 1.05rem; padding: 0; margin: 0 0 .5rem; font-weight: 600; }
.ns-notice p { margin: 0 0 .25rem; color: var(--ns-quiet); }
.ns-notice pre { margin: .8rem 0 0; padding: .7rem .9rem; border-radius: .5rem; background: var(--ns-fill);
  white-space: pre-wrap; font-size: .85rem; }

[data-testid="stGridCellContent"] > [data-testid="stLayoutWrapper"] { flex: 1 1 auto; }
[class*="st-key-card-"] { border: 1px solid var(--ns-line); border-radius: .7rem; overflow: hidden; height: 100%;
  gap: 0 !important; background: light-dark(#fff, #171d1e); }
[class*="st-key-card-"] video { border-radius: 0; aspect-ratio: 16 / 9; background: #000; }
[class*="st-key-card-"] [class*="st-key-act-"] { padding: 0 .8rem .8rem; }
[class*="st-key-card-"] > [data-testid="stLayoutWrapper"]:last-child { margin-top: auto; }
[class*="st-key-card-"] button { min-height: 2.1rem; padding: .15rem .75rem; }
[class*="st-key-card-"] [class*="st-key-ask-on-"] button { padding: 0 .3rem 0 0; min-height: 1.8rem; }
[class*="st-key-ask-on-"] button p { font-size: .88rem; }
.ns-picture { position: relative; aspect-ratio: 16 / 9; background: var(--ns-fill); }
.ns-picture img { width: 100%; height: 100%; object-fit: cover; display: block; max-width: none; }
.ns-length { position: absolute; right: .5rem; bottom: .5rem; padding: .05rem .4rem; border-radius: .3rem;
  font-size: .78rem; background: rgb(0 0 0 / .72); color: #fff; font-variant-numeric: tabular-nums; }
.ns-none { display: flex; flex-direction: column; align-items: center; justify-content: center; gap: .6rem;
  color: var(--ns-quiet); font-size: .82rem; }
.ns-wave { display: flex; align-items: center; gap: .28rem; height: 2.6rem; }
.ns-wave i { width: .24rem; height: 30%; border-radius: 1rem; background: var(--ns-accent); opacity: .45; }
.ns-wave i:nth-child(2n) { height: 62%; } .ns-wave i:nth-child(3n) { height: 100%; }
.ns-wave i:nth-child(5) { height: 82%; }
.ns-lines { display: grid; gap: .45rem; width: 5.2rem; padding: .5rem 0; }
.ns-lines i { height: .3rem; border-radius: 1rem; background: var(--ns-accent); opacity: .45; }
.ns-lines i:last-child { width: 60%; }
.ns-words { padding: .7rem .8rem .75rem; }
.ns-head { display: flex; justify-content: space-between; gap: .2rem .8rem; flex-wrap: wrap; font-size: .86rem;
  color: var(--ns-quiet); font-variant-numeric: tabular-nums; }
.ns-source { color: light-dark(#1b2527, #e4eaea); font-weight: 600; overflow-wrap: anywhere; }
.ns-text { margin: .35rem 0 0; line-height: 1.45; font-size: .98rem; overflow-wrap: anywhere; unicode-bidi: isolate; }
.ns-words mark { background: light-dark(#fde68a, #6b5310); color: inherit; border-radius: .2rem; padding: 0 .12em;
  font-weight: 600; }
.ns-whole { margin-top: .25rem; }
.ns-whole summary { color: var(--ns-accent); cursor: pointer; font-size: .88rem; }
.ns-text:has(+ .ns-whole[open]) { display: none; }
.ns-whole p { overflow-wrap: anywhere; margin: .3rem 0 0; line-height: 1.45; font-size: .98rem; }
.ns-draft { font-style: italic; color: var(--ns-quiet); }
.stHtml p.ns-still { margin: .15rem 0 0; font-size: .8rem; color: var(--ns-slow); }
.ns-who { display: flex; align-items: baseline; flex-wrap: wrap; gap: .1rem .6rem; margin-top: .3rem;
  font-size: .9rem; }
.ns-who b { font-weight: 600; color: var(--ns-accent); overflow-wrap: anywhere; }
.ns-who span { color: var(--ns-quiet); font-size: .8rem; }
.ns-mood { margin-top: .35rem; font-size: .86rem; color: var(--ns-quiet); }
.ns-mood summary { cursor: pointer; }
.ns-mood .ns-why li { grid-template-columns: 1fr 4.5rem 3rem; overflow-wrap: anywhere; }
.stHtml ul.ns-speakers { list-style: none; padding: 0; margin: 0; }
.ns-speakers li { display: flex; flex-wrap: wrap; gap: 0 .8rem; margin: 0; font-size: .86rem; line-height: 1.6; }
.ns-speakers span:first-child { font-weight: 600; overflow-wrap: anywhere; }
.ns-speakers span:last-child { color: var(--ns-quiet); margin-left: auto; }
.stHtml ul.ns-why, .stHtml .ns-fresh ul { list-style: none; padding: 0; margin: .5rem 0 0; }
.ns-why li { display: grid; grid-template-columns: 8.6rem 1fr 3rem; align-items: center; gap: .5rem; margin: 0;
  font-size: .82rem; line-height: 1.55; color: var(--ns-quiet); }
.ns-why b { text-align: right; font-weight: 600; color: light-dark(#1b2527, #e4eaea); grid-column: 3;
  font-variant-numeric: tabular-nums; }
.ns-bar { height: .34rem; border-radius: 1rem; background: var(--ns-line); overflow: hidden; }
.ns-bar i { display: block; height: 100%; border-radius: 1rem; background: var(--ns-accent); }
.ns-kinds { display: flex; gap: .35rem; margin-top: .5rem; font-size: .78rem; color: var(--ns-quiet); }
.ns-kinds span { border: 1px solid var(--ns-line); border-radius: 1rem; padding: 0 .55rem; }
.ns-fresh { margin-bottom: .9rem; }
.stHtml .ns-fresh ul { margin-top: .15rem; }
.ns-fresh li { display: grid; grid-template-columns: .9rem 4.2rem 1fr; align-items: baseline; margin: 0;
  font-size: .86rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
.ns-fresh li i { width: .5rem; height: .5rem; border-radius: 50%; background: currentColor; }
.ns-fresh li:only-child:not([class]) { display: block; color: var(--ns-quiet); }
.ns-live i, .ns-live span:last-child { color: var(--ns-live); }
.ns-slow i, .ns-slow span:last-child { color: var(--ns-slow); }
.ns-old i { color: var(--ns-old); } .ns-old span:last-child { color: var(--ns-quiet); }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 3rem 1rem 2rem; }
  /* Beside the box there is room for the signs alone; the words stay for those who hear the page. */
  [class*="st-key-ask"] > div [data-testid="stPopover"] button p { position: absolute; clip-path: inset(50%);
    width: 1px; height: 1px; overflow: hidden; }
  .stHtml .ns-how { grid-template-columns: 1fr; gap: .1rem; } .stHtml .ns-how dd { margin-bottom: .5rem; }
}
</style>"""
