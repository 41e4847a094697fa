"""The look of rules and incidents, in the colours of dashboards.style."""

from __future__ import annotations

RULES_CSS = """<style>
.ns-incident { display: flex; align-items: center; flex-wrap: wrap; gap: .2rem .7rem; padding: .55rem .8rem .5rem;
  line-height: 1.35; }
.ns-incident b { font-weight: 600; overflow-wrap: anywhere; }
.ns-badge { margin-left: auto; padding: .02rem .6rem; border-radius: 1rem; font-size: .78rem; white-space: nowrap;
  border: 1px solid var(--ns-line); color: var(--ns-quiet); }
.ns-badge.ns-open { border-color: transparent; background: var(--ns-wrong); color: light-dark(#fff, #2a0b08);
  font-weight: 600; }
.ns-badge.ns-kept { border-color: var(--ns-slow); color: var(--ns-slow); }
.ns-badge + .ns-badge { margin-left: 0; }

[class*="st-key-happening"] { border-left: .3rem solid var(--ns-wrong); border-radius: .5rem; padding: .35rem .8rem;
  background: light-dark(#fdeceb, #341614); margin-bottom: .3rem; }
[class*="st-key-happening"] > [data-testid="stElementContainer"]:first-child { flex: 1 1 auto; min-width: 0; }
.ns-happening { display: flex; align-items: baseline; gap: .7rem; font-size: .93rem; }
.ns-happening > i { flex: none; width: .6rem; height: .6rem; border-radius: 50%; background: var(--ns-wrong);
  animation: ns-beat 1.6s ease-in-out infinite; }
.stHtml .ns-happening ul { list-style: none; margin: 0; padding: 0; min-width: 0; }
.ns-happening li { margin: 0; overflow-wrap: anywhere; line-height: 1.5; }
.ns-happening q:empty { display: none; }
.ns-happening li span { color: var(--ns-quiet); white-space: nowrap; }
@keyframes ns-beat { 50% { opacity: .25; } }
@media (prefers-reduced-motion: reduce) { .ns-happening > i { animation: none; } }

.ns-rule .ns-incident { padding: 0 0 .35rem; font-size: 1.05rem; }
.ns-rule.ns-paused .ns-incident b { color: var(--ns-quiet); }
.ns-rule code { white-space: pre-wrap; overflow-wrap: anywhere; }
.stHtml .ns-rule dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .15rem 1.5rem;
  margin: .55rem 0 0; padding: 0; font-size: .88rem; }
.stHtml .ns-rule dl > div { display: flex; gap: .6rem; }
.stHtml .ns-rule dt { font-weight: 400; color: var(--ns-quiet); margin: 0; padding: 0; min-width: 5.4rem; }
.stHtml .ns-rule dd { margin: 0; padding: 0; overflow-wrap: anywhere; }
.stHtml ul.ns-thresholds { list-style: none; margin: .6rem 0 0; padding: .5rem 0 0; font-size: .88rem;
  border-top: 1px solid var(--ns-line); }
.ns-thresholds li { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .8rem; margin: 0;
  line-height: 1.6; }
.ns-thresholds .ns-source { min-width: 6rem; }
.ns-thresholds .ns-bar { width: 6rem; }
.ns-thresholds .ns-note { font-size: .84rem; }
[class*="st-key-acts-rule-"] button { padding: 0 .3rem 0 0; min-height: 1.8rem; }
[class*="st-key-acts-rule-"] button p { font-size: .88rem; }
.ns-done { color: var(--ns-live); }
[class*="st-key-rule_query"] [data-testid="stTextInputRootElement"] { min-height: 3rem; }
[class*="st-key-rule_query"] input { font-size: 1.08rem; }
</style>"""
