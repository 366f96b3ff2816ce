// <laurel-board brand="grocer" board="spend" period="week"></laurel-board>
//
// A live leaderboard for any page: one module, no other file. It asks Laurel's public GraphQL API
// alone and shows what members chose to show. Until the first answer, and without JavaScript, the
// page shows whatever stands between the tags.
//
// Attributes: brand, board (both needed); period (day, week, month, season, rolling, all), scope
// (such as "city:Hue"), rows (1 to 50, else 10), podium (the first three stand above), lang (en or
// vi, else the page's), server (else where this module came from). Colours: --laurel-accent,
// --laurel-ink, --laurel-soft, --laurel-line, --laurel-ground. Parts: podium, board, table, row,
// rank, name, score, status.

const HOME = new URL(import.meta.url).origin;
const ROWS_MAX = 50;
const WAIT_MAX = 30_000;
const HIDDEN_WAIT = 30_000;
const FOLLOW = `subscription CommunityBoard(
  $brand: String!, $code: String!, $period: BoardPeriod, $scope: String, $rows: Int!
) {
  board(brand: $brand, code: $code, period: $period, scope: $scope) {
    name state updatedAt isFrozen size
    places(first: $rows) { nodes { key rank name score { value unit currency } } }
  }
}`;

const WORDS = {
  en: {
    rank: "Rank", name: "Name", score: "Score", live: "Live", frozen: "Final",
    rebuilding: "Being counted again; back in a moment",
    away: "No news just now; trying again", nobody: "Nobody yet: the first place is free.",
    missing: "There is no such board.", leads: (name) => `${name} leads now.`,
    of: (size) => (size === 1 ? "1 member" : `${size.toLocaleString("en")} members`),
  },
  vi: {
    rank: "Hạng", name: "Tên", score: "Điểm", live: "Trực tiếp", frozen: "Kết quả cuối",
    rebuilding: "Đang tính lại; sẽ có ngay",
    away: "Tạm mất liên lạc; đang thử lại", nobody: "Chưa có ai: hạng nhất còn trống.",
    missing: "Không có bảng xếp hạng này.", leads: (name) => `${name} đang dẫn đầu.`,
    of: (size) => `${size.toLocaleString("vi")} thành viên`,
  },
};

// A sheet, not an element: it needs no exception in the page's content security policy.
const STYLE = new CSSStyleSheet();
STYLE.replaceSync(`
:host { display: block; font: inherit; color: var(--laurel-ink, inherit);
  --_accent: var(--laurel-accent, #2f6b4a); --_soft: var(--laurel-soft, #5c6b62);
  --_line: var(--laurel-line, #dcded4); }
@media (prefers-color-scheme: dark) { :host { --_accent: var(--laurel-accent, #7cc79d);
  --_soft: var(--laurel-soft, #9dada3); --_line: var(--laurel-line, #2f3a34); } }
:host([hidden]) { display: none; }
.board { padding: .4rem .5rem 1rem; background: var(--laurel-ground, transparent);
  border: 1px solid var(--_line); border-radius: .9rem; overflow: hidden; }
.podium { display: grid; grid-template-columns: 1fr 1.15fr 1fr; gap: .6rem; align-items: end;
  margin: 0 0 1rem; padding: 0; list-style: none; }
.podium li { display: flex; flex-direction: column; gap: .2rem; min-width: 0; text-align: center;
  padding: .8rem .4rem .9rem; background: var(--laurel-ground, transparent);
  border: 1px solid var(--_line); border-top: .3rem solid var(--_metal); border-radius: .9rem; }
.podium li:nth-child(1) { order: 2; padding-block: 1.5rem; --_metal: light-dark(#8a6a12, #e3c25c); }
.podium li:nth-child(2) { order: 1; padding-block: 1.1rem; --_metal: light-dark(#5d666b, #c3ccd1); }
.podium li:nth-child(3) { order: 3; --_metal: light-dark(#8a5230, #dea27c); }
.podium b { color: var(--_metal); font: 600 1.5rem/1 Georgia, serif; }
.podium span { overflow-wrap: anywhere; font-weight: 600; }
.podium small { color: var(--_soft); font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th { font-size: .78em; font-weight: 600; text-align: start; color: var(--_soft);
  padding: .35em .6em; border-bottom: 1px solid var(--_line); }
td { padding: .62em .6em; border-bottom: 1px solid var(--_line); }
tr:last-child td { border-bottom: 0; }
.rank { width: 3.2em; text-align: end; font-variant-numeric: tabular-nums; color: var(--_soft); }
.score { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.name { overflow-wrap: anywhere; }
tr.top .rank, tr.top .name { color: var(--_accent); font-weight: 650; }
tr.moved td { animation: moved 2.4s ease-out; }
@keyframes moved { from { background: color-mix(in srgb, var(--_accent) 22%, transparent); } }
.status { display: flex; flex-wrap: wrap; gap: .3em .9em; align-items: center; margin: .6em .6em 0;
  font-size: .82em; color: var(--_soft); }
.dot { display: inline-block; width: .55em; height: .55em; margin-inline-end: .45em;
  border-radius: 50%; background: var(--_soft); vertical-align: .06em; }
.live .dot { background: var(--_accent); }
.nobody { padding: 1.2em .6em; color: var(--_soft); }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (prefers-reduced-motion: reduce) { tr.moved td { animation: none; } }
`);

class LaurelBoard extends HTMLElement {
  static observedAttributes = [
    "brand", "board", "period", "scope", "rows", "podium", "lang", "server",
  ];

  #stop = null;
  #soon = 0;
  #asleep = 0;
  #places = new Map();
  #leader = null;
  #shown = false;

  connectedCallback() {
    if (!this.shadowRoot) {
      const shadow = this.attachShadow({ mode: "open" });
      shadow.adoptedStyleSheets = [STYLE];
      shadow.append(made("slot"));
    }
    document.addEventListener("visibilitychange", this.#seen);
    this.#begin();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#seen);
    this.#end();
  }

  attributeChangedCallback(_, before, after) {
    if (this.isConnected && before !== after) this.#begin();
  }

  #begin() {
    this.#end();
    // Several attributes set at once make one beginning.
    this.#soon = setTimeout(() => {
      this.#stop = new AbortController();
      this.#places = new Map();
      this.#leader = null;
      this.#follow(this.#stop.signal);
    });
  }

  #end() {
    clearTimeout(this.#soon);
    clearTimeout(this.#asleep);
    this.#stop?.abort();
    this.#stop = null;
  }

  // A page that nobody looks at costs the server nothing.
  #seen = () => {
    clearTimeout(this.#asleep);
    if (document.hidden) this.#asleep = setTimeout(() => this.#end(), HIDDEN_WAIT);
    else if (!this.#stop) this.#begin();
  };

  async #follow(signal) {
    let wait = 1_000;
    while (!signal.aborted) {
      try {
        for await (const answer of answers(this.#address(), this.#asked(), this.#language, signal)) {
          wait = 1_000;
          if (answer.data) this.#show(answer.data.board);
          else throw new Error(answer.errors?.[0]?.message ?? "no data");
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#status("away");
        this.dispatchEvent(new CustomEvent("laurel-away", { detail: String(error) }));
      }
      await pause(wait * (0.5 + Math.random()), signal);
      wait = Math.min(wait * 2, WAIT_MAX);
    }
  }

  #address() {
    return new URL("/graphql", this.getAttribute("server") || HOME).href;
  }

  #asked() {
    const rows = Number.parseInt(this.getAttribute("rows") ?? "", 10) || 10;
    return {
      query: FOLLOW,
      variables: {
        brand: this.getAttribute("brand") ?? "",
        code: this.getAttribute("board") ?? "",
        period: this.getAttribute("period")?.toUpperCase() || null,
        scope: this.getAttribute("scope") || null,
        rows: Math.max(1, Math.min(rows, ROWS_MAX)),
      },
    };
  }

  get #language() {
    const asked = this.getAttribute("lang") || this.closest("[lang]")?.lang || navigator.language;
    return asked.toLowerCase().startsWith("vi") ? "vi" : "en";
  }

  get #words() {
    return WORDS[this.#language];
  }

  #show(board) {
    if (!board) return this.#say("missing");
    if (board.state !== "LIVE" && this.#shown) return this.#status(board.state.toLowerCase());
    const places = board.places.nodes;
    const card = made("div", "board");
    card.setAttribute("part", "board");
    const status = made("p", "status");
    status.setAttribute("part", "status");
    const nobody = made("p", "nobody", this.#words.nobody);
    card.append(places.length ? this.#table(board, places) : nobody, status);
    const said = made("p", "said");
    said.setAttribute("role", "status");
    this.shadowRoot.replaceChildren(...this.#podium(places), card, said);
    this.#shown = true;
    this.#status(board.isFrozen ? "frozen" : board.state.toLowerCase(), board);
    this.#announce(said, places[0]);
    this.#places = new Map(places.map((place) => [place.key, `${place.rank} ${place.score.value}`]));
    this.dispatchEvent(new CustomEvent("laurel-board", { detail: board }));
  }

  // The table says the same to those who can't see it.
  #podium(places) {
    if (!this.hasAttribute("podium") || places.length < 3) return [];
    const podium = made("ol", "podium");
    podium.setAttribute("part", "podium");
    podium.ariaHidden = "true";
    for (const place of places.slice(0, 3)) {
      const item = made("li");
      const score = written(place.score, this.#language);
      item.append(made("b", "", place.rank), made("span", "", place.name), made("small", "", score));
      podium.append(item);
    }
    return [podium];
  }

  #table(board, places) {
    const words = this.#words;
    const table = made("table");
    table.setAttribute("part", "table");
    table.append(made("caption", "", board.name));
    const head = table.createTHead().insertRow();
    for (const column of ["rank", "name", "score"]) {
      const cell = made("th", column, words[column]);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const place of places) {
      const row = body.insertRow();
      row.setAttribute("part", "row");
      const known = this.#places.get(place.key);
      const moved = this.#places.size && known !== `${place.rank} ${place.score.value}`;
      row.className = `${place.rank <= 3 ? "top" : ""} ${moved ? "moved" : ""}`.trim();
      const score = written(place.score, this.#language);
      for (const [column, text] of [["rank", place.rank], ["name", place.name], ["score", score]]) {
        const cell = made("td", column, text);
        cell.setAttribute("part", column);
        row.append(cell);
      }
    }
    return table;
  }

  #status(state, board) {
    const status = this.shadowRoot?.querySelector(".status");
    if (!status) return;
    const live = state === "live" || state === "frozen";
    const label = made("span", live ? "live" : "");
    label.append(made("span", "dot"), this.#words[state] ?? state);
    status.replaceChildren(label);
    if (!board) return;
    const when = made("time", "", new Date(board.updatedAt).toLocaleTimeString(this.#language));
    when.dateTime = board.updatedAt;
    status.append(made("span", "", this.#words.of(Number(board.size))), when);
  }

  // A reader who does not see the board hears of a new leader, not of every score.
  #announce(said, first) {
    if (first && this.#leader && this.#leader !== first.key) {
      said.textContent = this.#words.leads(first.name);
    }
    this.#leader = first?.key ?? null;
  }

  #say(word) {
    this.shadowRoot.replaceChildren(made("p", "nobody", this.#words[word]));
    this.#shown = true;
  }
}

function made(tag, className = "", text = null) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== null) element.textContent = text;
  return element;
}

function written(score, language) {
  const decimals = `${score.value}`.split(".")[1]?.length ?? 0;
  const text = Number(score.value).toLocaleString(language, { minimumFractionDigits: decimals });
  return score.currency ? `${text} ${score.currency}` : text;
}

// Yields the answers of a subscription, as server-sent events over POST.
async function* answers(address, asked, language, signal) {
  const response = await fetch(address, {
    method: "POST",
    headers: {
      accept: "text/event-stream",
      "accept-language": language,
      "content-type": "application/json",
    },
    body: JSON.stringify(asked),
    credentials: "omit",
    cache: "no-store",
    signal,
  });
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const events = rest.split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data:"));
      const text = data.map((line) => line.slice(5).trimStart()).join("\n");
      if (event.startsWith("event: next") && text) yield JSON.parse(text);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

if (!customElements.get("laurel-board")) customElements.define("laurel-board", LaurelBoard);
