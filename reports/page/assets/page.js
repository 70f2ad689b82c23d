// The page's own script: long tables, contents, print, and parts that are replaced while a run goes on.
// Everything from the report is set as text, never as markup; only `update` takes markup, from the page's server.
(() => {
  "use strict";
  const FIRST = 50;
  const STEP = 500;
  const SIGNS = { good: "✓", mixed: "!", bad: "✕", busy: "…", plain: "" };
  const POWERS = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, s: 1, min: 60, h: 3600 };
  const states = new Map(); // of each table by its id: what the reader has chosen; it survives updates
  const tables = new Map(); // of each table by its id: how to show all its rows, and some of them again

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const number = (value) => value.toLocaleString("en-US");

  // Bytes as in the rest of the report: 1.5 MB.
  const size = (value) => {
    const units = ["B", "kB", "MB", "GB"];
    let amount = value;
    for (const unit of units) {
      if (Math.round(amount * 10) / 10 < 1000) return unit === "B" ? `${value} B` : `${amount.toFixed(1)} ${unit}`;
      amount /= 1000;
    }
    return `${amount.toFixed(1)} TB`;
  };

  const shown = (value, kind) => {
    if (kind !== "number" && kind !== "size") return value ?? "";
    if (value === null) return "–";
    return kind === "size" ? size(value) : number(value);
  };

  // What a formatted figure weighs, such as "1 h 05 min", "2.3 MB" or "1,234"; unknown ones are the lightest.
  const weight = (text) => {
    let sum = null;
    for (const [, digits, unit] of String(text).matchAll(/(-?[\d,]+(?:\.\d+)?)\s*(kB|MB|GB|TB|B|min|s|h)?/g)) {
      const value = Number(digits.replaceAll(",", ""));
      if (!Number.isNaN(value)) sum = (sum ?? 0) + value * (POWERS[unit] ?? 1);
    }
    return sum ?? -Infinity;
  };
  const names = new Intl.Collator("en", { numeric: true });
  const compare = (kind) => {
    if (kind === "number" || kind === "size") return (a, b) => (a ?? -1) - (b ?? -1);
    if (kind === "figure") return (a, b) => { const x = weight(a), y = weight(b); return x === y ? 0 : x < y ? -1 : 1; };
    return (a, b) => names.compare(a ?? "", b ?? "");
  };

  const state = (id) => {
    if (!states.has(id)) states.set(id, { query: "", choices: {}, sort: null, descending: false, most: FIRST });
    return states.get(id);
  };

  // A long table: all of its rows come from the JSON beside it.
  const enhance = (table) => {
    const source = document.getElementById(`${table.id}-data`);
    if (!source || tables.get(table.id)?.table === table) return;
    const { columns, rows, tones, noun } = JSON.parse(source.textContent);
    const now = state(table.id);
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    let haystacks = null;
    let found = rows;

    const fragment = (text, kind) => {
      if (kind !== "text" || !text.includes("`")) return [text];
      return text.split(/`([^`]+)`/).map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));
    };
    const line = (row, position) => {
      const made = element("tr");
      made.setAttribute("role", "row");
      made.setAttribute("aria-rowindex", position);
      columns.forEach((column, at) => {
        const text = String(shown(row[at], column.kind));
        const value = element("span", { className: "value" });
        const tone = column.kind === "verdict" && text ? (tones[text] ?? "plain") : "";
        if (tone) {
          value.classList.add(tone);
          if (SIGNS[tone]) {
            const sign = element("span", { className: "sign", textContent: SIGNS[tone] });
            sign.setAttribute("aria-hidden", "true");
            value.append(sign, " ");
          }
        }
        value.append(...fragment(text, column.kind));
        const cell = element(at ? "td" : "th", { className: column.choice ? `${column.kind} choice` : column.kind }, value);
        cell.setAttribute("role", at ? "cell" : "rowheader");
        if (!at) cell.scope = "row";
        else cell.dataset.title = column.title;
        if (at && !text) cell.classList.add("empty");
        made.append(cell);
      });
      return made;
    };

    const said = element("p", { className: "quiet" });
    said.setAttribute("role", "status");
    const more = element("button", { type: "button", id: `${table.id}-more` });
    const below = element("div", { className: "more" }, said, more);

    const draw = (most = now.most) => {
      const lines = document.createDocumentFragment();
      found.slice(0, most).forEach((row, at) => lines.append(line(row, at + 2)));
      body.replaceChildren(lines);
      table.setAttribute("aria-rowcount", found.length + 1);
      const count = Math.min(most, found.length);
      const all = found.length === rows.length ? "" : ` (of ${number(rows.length)} in all)`;
      said.textContent = found.length === 0 ? `No ${noun[0]} fits.`
        : `Showing ${number(count)} of ${number(found.length)} ${noun[found.length === 1 ? 0 : 1]}${all}.`;
      const rest = found.length - count;
      more.hidden = rest === 0;
      more.textContent = rest <= STEP ? `Show the other ${number(rest)}` : `Show ${number(STEP)} more`;
    };
    const index = () => {
      haystacks ??= rows.map((row) => row.filter((value) => typeof value === "string").join("\n").toLowerCase());
    };
    const apply = () => {
      const words = now.query.toLowerCase().split(/\s+/).filter(Boolean);
      if (words.length) index();
      const chosen = Object.entries(now.choices).filter(([, value]) => value !== "");
      found = rows.filter((row, at) => words.every((word) => haystacks[at].includes(word))
        && chosen.every(([column, value]) => row[column] === value));
      if (now.sort !== null) {
        const order = compare(columns[now.sort].kind);
        const turn = now.descending ? -1 : 1;
        found.sort((a, b) => turn * order(a[now.sort], b[now.sort]));
      }
      heads.forEach((head, at) => {
        if (at === now.sort) head.setAttribute("aria-sort", now.descending ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      draw();
    };
    const change = (changed) => {
      Object.assign(now, { most: FIRST }, changed);
      apply();
    };
    more.addEventListener("click", () => {
      const before = Math.min(now.most, found.length);
      now.most = before + STEP;
      draw();
      if (more.hidden) { // the focus must not be lost with the button
        const next = body.rows[before]?.cells[0];
        if (next) { next.tabIndex = -1; next.focus({ preventScroll: true }); }
      }
    });

    const labelled = (text, control, id, className = "") => {
      control.id = `${table.id}-${id}`;
      return element("div", { className }, element("label", { htmlFor: control.id, textContent: text }), control);
    };
    const tools = element("div", { className: "tools" });
    const search = element("input", { type: "search", value: now.query, autocomplete: "off", spellcheck: false });
    search.addEventListener("focus", () => setTimeout(index)); // so that the first letter need not wait for it
    search.addEventListener("input", () => change({ query: search.value }));
    tools.append(labelled(`Filter ${noun[1]}`, search, "filter", "search"));
    columns.forEach((column, at) => {
      if (!column.choice) return;
      const values = [...new Set(rows.map((row) => row[at]))].filter(Boolean).sort(names.compare);
      if (values.length < 2 || values.length > 30) return;
      const choice = element("select", {}, element("option", { value: "", textContent: "all" }),
        ...values.map((value) => element("option", { value, textContent: value })));
      choice.value = now.choices[at] ?? "";
      choice.addEventListener("change", () => change({ choices: { ...now.choices, [at]: choice.value } }));
      tools.append(labelled(column.title, choice, `choice-${at}`));
    });
    const order = element("select", {}, element("option", { value: "", textContent: "as it is" }),
      ...columns.flatMap((column, at) => [[`${at} up`, "↑"], [`${at} down`, "↓"]].map(([value, arrow]) =>
        element("option", { value, textContent: `${column.title} ${arrow}` }))));
    order.value = now.sort === null ? "" : `${now.sort} ${now.descending ? "down" : "up"}`;
    order.addEventListener("change", () => {
      const [column, way] = order.value.split(" ");
      change(column === "" ? { sort: null } : { sort: Number(column), descending: way === "down" });
    });
    tools.append(labelled("Sort", order, "order", "sort"));

    heads.forEach((head, at) => {
      const button = element("button", { type: "button", textContent: columns[at].title, id: `${table.id}-sort-${at}` });
      button.addEventListener("click", () => {
        change(now.sort === at ? { descending: !now.descending } : { sort: at, descending: false });
        order.value = `${at} ${now.descending ? "down" : "up"}`;
      });
      head.replaceChildren(button);
    });
    table.before(tools);
    table.after(below);
    tables.set(table.id, { table, all: () => draw(found.length), some: () => draw() });
    apply();
  };

  const prepare = (root) => root.querySelectorAll("table.long").forEach(enhance);

  // The list of what the page contains, from its headings.
  const contents = () => {
    document.querySelector("nav").hidden = false;
    const list = document.querySelector("#contents ul");
    const links = [...document.querySelectorAll("main > section:not([hidden])")].map((section) => {
      const head = section.querySelector("h1, h2");
      const title = head?.tagName === "H1" ? "Verdict" : head?.textContent;
      return element("li", {}, element("a", { href: `#${section.id}`, textContent: title }));
    });
    const same = list.children.length === links.length
      && links.every((link, at) => link.textContent === list.children[at].textContent);
    if (!same) list.replaceChildren(...links);
  };

  // Replace the content of parts. Keeps what the reader has sorted, filtered, opened, focused and scrolled to.
  const update = (parts) => {
    const active = document.activeElement;
    const focus = active?.id && active !== document.body
      ? { id: active.id, start: active.selectionStart, end: active.selectionEnd } : null;
    const sections = [...document.querySelectorAll("main > section:not([hidden])")];
    const anchor = sections.find((section) => section.getBoundingClientRect().bottom > 0);
    const top = anchor?.getBoundingClientRect().top;
    for (const [id, html] of Object.entries(parts)) {
      const section = document.getElementById(id);
      if (!section?.matches("main > section") || section.shownAs === html) continue;
      const folds = new Map([...section.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
      section.innerHTML = html;
      section.shownAs = html;
      section.hidden = html === "";
      for (const [fold, open] of folds) {
        const again = document.getElementById(fold);
        if (again) again.open = open;
      }
      prepare(section);
    }
    contents();
    const again = focus && document.getElementById(focus.id);
    if (again && again !== document.activeElement) {
      again.focus({ preventScroll: true });
      if (typeof focus.start === "number") again.setSelectionRange(focus.start, focus.end);
    }
    if (anchor && !anchor.hidden && window.scrollY > 0) {
      const moved = anchor.getBoundingClientRect().top - top;
      if (moved) window.scrollBy({ top: moved, behavior: "instant" });
    }
  };

  // Listen to the page's own server, and say whether it is there.
  const listen = (path) => {
    const place = document.getElementById("feed");
    let lost = null;
    let ended = false;
    const say = (text, kind) => {
      if (place.textContent !== text) place.textContent = text;
      place.className = `feed ${kind}`;
    };
    const connect = () => {
      const feed = new EventSource(path);
      feed.onopen = () => { lost = null; say("Live", "live"); };
      feed.onmessage = (message) => {
        update(JSON.parse(message.data));
        if (lost === null) say("Live", "live");
      };
      feed.addEventListener("end", () => { ended = true; feed.close(); say("Nothing changes any more", ""); });
      feed.onerror = () => {
        if (ended) return;
        lost ??= new Date().toISOString().slice(11, 19);
        say(`Connection lost since ${lost} UTC; trying again`, "lost");
        if (feed.readyState === EventSource.CLOSED) { feed.close(); setTimeout(connect, 3000); }
      };
    };
    connect();
  };

  // In print, all rows that fit the filter, and everything that is folded up.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((each) => { each.open = true; });
    tables.forEach((each) => each.all());
  });
  window.addEventListener("afterprint", () => {
    folded.forEach((each) => { each.open = false; });
    tables.forEach((each) => each.some());
  });

  const wide = window.matchMedia("(min-width: 76rem)");
  const fold = () => { document.getElementById("contents").open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  contents();
  prepare(document);
  window.snapferry = Object.freeze({ update });
  if (document.documentElement.dataset.feed) listen(document.documentElement.dataset.feed);
})();
