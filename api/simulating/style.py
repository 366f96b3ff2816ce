"""How a report looks: one style sheet, light and dark by the reader's choice."""

STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2430;--soft:#5b6472;
--faint:#d9dce1;--accent:#0b6aa2;--draft:#0072b2;--beside:#c87a00;
--shadow:0 1px 2px rgb(20 30 50/.06),0 6px 20px rgb(20 30 50/.05)}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e8ebf0;
--soft:#a3adba;--faint:#38414d;--accent:#6fbdf0;--draft:#4aa8ec;--beside:#f0ab2e;--shadow:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
-webkit-text-size-adjust:100%}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:2rem}
h1{font-size:clamp(1.5rem,4.5vw,2.3rem);line-height:1.15;margin:.1em 0 .35em;
letter-spacing:-.015em;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .25rem;text-wrap:balance;overflow-wrap:anywhere}
h3{font-size:1rem;margin:.5rem 0}
p{margin:.4rem 0}
.eyebrow{color:var(--accent);font-weight:600;font-size:.85rem;letter-spacing:.04em;margin:0}
.lead,.caption{color:var(--soft)}
.caption{font-size:.9rem;margin:0 0 .4rem}
.sides{display:flex;flex-wrap:wrap;gap:.4rem;margin:.8rem 0 1.4rem}
.chip b{flex:none}
.chip{display:inline-flex;align-items:center;gap:.45rem;
border:1px solid var(--faint);border-radius:99px;padding:.2rem .7rem;font-size:.9rem;
background:var(--card);
overflow-wrap:anywhere}
.swatch{display:inline-block;flex:none;width:.85rem;height:.85rem;border-radius:.2rem;
background:var(--c)}
.swatch.beside{background:repeating-linear-gradient(135deg,var(--c) 0 3px,
color-mix(in srgb,var(--c) 55%,#000) 3px 4.5px)}
main>section,.plot{background:var(--card);border:1px solid var(--faint);border-radius:.8rem;
padding:1.1rem 1.1rem .9rem;margin:0 0 1rem;box-shadow:var(--shadow);min-width:0}
.findings{margin:.3rem 0 1rem;padding-left:1.15rem;font-size:1.05rem}
.findings li{margin:.25rem 0}
.plain{padding-left:1.15rem;color:var(--soft);font-size:.95rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.7rem}
.cards dl{margin:0;padding:.7rem .8rem;border-radius:.6rem;background:var(--paper);
border:1px solid var(--faint)}
dt{color:var(--soft);font-size:.85rem}
dd{margin:.15rem 0 0;font-size:1.15rem;font-weight:650;font-variant-numeric:tabular-nums;
display:flex;align-items:center;gap:.45rem;flex-wrap:wrap}
dd+dd{font-size:.95rem;font-weight:500}
dd small{font-weight:400;color:var(--soft)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));gap:1rem;
align-items:start;margin-bottom:1rem}
.plots .plot{margin:0}
.legend{display:flex;flex-wrap:wrap;gap:.2rem .9rem;list-style:none;margin:0 0 .2rem;padding:0;
font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.4rem}
svg{display:block;width:100%;height:auto;max-width:40rem}
svg *{stroke-linejoin:round;stroke-linecap:butt}
svg text{font-family:inherit;font-variant-numeric:tabular-nums}
details{margin-top:.5rem;font-size:.9rem}
summary{cursor:pointer;color:var(--accent);padding:.35rem 0;width:max-content}
summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.scroll{overflow-x:auto;max-height:26rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--faint);white-space:nowrap}
thead th{position:sticky;top:0;background:var(--card);color:var(--soft);font-weight:600}
th[scope=row],thead th:first-child{text-align:left;font-weight:500}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem}
.two>div{min-width:0}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
footer{color:var(--soft);font-size:.85rem;padding-bottom:2rem}
@media print{body{background:#fff}main>section,.plot{break-inside:avoid;box-shadow:none}}
"""
