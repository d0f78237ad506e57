// Keeps the page up to date, and makes it comfortable: theme, copying, tooltips, times.
//
// The server draws. What comes over the event stream is the html of the sections that changed, or, on a page about
// the chain, the number of a new block, after which the page asks for itself anew. Either is merged into what is there
// node by node, so that focus, selections, scroll positions and open details survive.
"use strict";
(() => {
  const root = document.documentElement;

  // ---- Merging ---------------------------------------------------------------------------------------------

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id || null : null);

  /** Makes `current` equal to `wanted` with as few changes as possible. */
  function merge(current, wanted) {
    if (current.nodeType !== wanted.nodeType || current.nodeName !== wanted.nodeName) {
      current.replaceWith(wanted);
      return;
    }
    if (current.nodeType !== Node.ELEMENT_NODE) {
      if (current.nodeValue !== wanted.nodeValue) current.nodeValue = wanted.nodeValue;
      return;
    }
    mergeAttributes(current, wanted);
    mergeChildren(current, wanted);
  }

  function mergeAttributes(current, wanted) {
    for (const { name } of [...current.attributes]) {
      // Whether details are open is the reader's business.
      if (!wanted.hasAttribute(name) && !(name === "open" && current.nodeName === "DETAILS")) {
        current.removeAttribute(name);
      }
    }
    for (const { name, value } of wanted.attributes) {
      if (current.getAttribute(name) !== value) current.setAttribute(name, value);
    }
  }

  function mergeChildren(current, wanted) {
    const known = new Map();
    for (const child of current.childNodes) {
      const key = keyOf(child);
      if (key) known.set(key, child);
    }
    let next = current.firstChild;
    for (const child of [...wanted.childNodes]) {
      const key = keyOf(child);
      const match = key ? known.get(key) : next && !keyOf(next) ? next : null;
      if (!match || match.nodeName !== child.nodeName) {
        current.insertBefore(child, next);
        continue;
      }
      if (match !== next) current.insertBefore(match, next);
      next = match.nextSibling;
      merge(match, child);
    }
    while (next) {
      const following = next.nextSibling;
      next.remove();
      next = following;
    }
  }

  function show(sections) {
    for (const [id, html] of Object.entries(sections)) {
      const element = document.getElementById(id);
      if (!element) continue;
      const wanted = element.cloneNode(false);
      wanted.innerHTML = html;
      mergeChildren(element, wanted);
    }
    afterChange();
  }

  // ---- Times -----------------------------------------------------------------------------------------------

  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

  function afterChange() {
    for (const time of document.querySelectorAll("time[data-at]")) {
      const at = Number(time.dataset.at);
      const text = "day" in time.dataset ? day.format(at) : clock.format(at);
      if (time.textContent !== text) time.textContent = text;
      time.title = day.format(at);
    }
    const block = document.getElementById("block");
    if (block) document.title = `Block ${block.textContent} · Assay`;
    tellAges();
    if (shownColumn && !shownColumn.isConnected) hideTip();
    else if (shownColumn) fillTip(shownColumn);
  }

  function tellAges() {
    const now = Date.now();
    for (const element of document.querySelectorAll("[data-age]")) {
      // Clocks differ by a little; a block from the future is a block of now.
      const age = Math.max(0, now - Number(element.dataset.age));
      const silent = age > Number(element.dataset.silentAfter);
      const seconds = Math.round(age / 1000);
      const text = silent ? `silent for ${seconds} s` : seconds < 2 ? "just now" : `${seconds} s ago`;
      if (element.textContent !== text) element.textContent = text;
      element.classList.toggle("silent", silent);
    }
  }

  // ---- The event stream ------------------------------------------------------------------------------------

  // The server beats every 5 s. Three missed beats are a dead connection; fewer can be a busy machine.
  const DEAD_AFTER = 16_000;
  const LONGEST_PAUSE = 15_000;
  const connection = document.getElementById("connection");
  let stream = null;
  let heard = Date.now();
  let pause = 1_000;
  let retry = null;

  function connect() {
    clearTimeout(retry);
    stream?.close();
    heard = Date.now();
    stream = new EventSource(root.dataset.stream);
    stream.addEventListener("hello", (event) => {
      // A newer server draws for a newer page.
      if (event.data !== root.dataset.version) {
        reloadOnce(event.data);
      }
      alive();
    });
    stream.addEventListener("beat", alive);
    stream.addEventListener("page", (event) => {
      alive();
      show(JSON.parse(event.data));
    });
    stream.addEventListener("head", () => {
      alive();
      askAnew();
    });
    stream.addEventListener("error", () => {
      lost();
      // A browser tries again by itself unless the answer was a refusal.
      if (stream.readyState === EventSource.CLOSED) later();
    });
  }

  function alive() {
    heard = Date.now();
    pause = 1_000;
    connection.hidden = true;
    root.classList.remove("lost");
  }

  // Pages about the chain are drawn for the block at which they are asked for.
  let isAsking = false;
  let isBehind = false;

  async function askAnew() {
    if (isAsking) {
      isBehind = true;
      return;
    }
    isAsking = true;
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      // The way to other pages too: there may be more of them by now.
      for (const part of ["#live", ".top nav"]) {
        const [current, wanted] = [document.querySelector(part), page.querySelector(part)];
        if (current && wanted) mergeChildren(current, wanted);
      }
      afterChange();
    } catch {
      // The stream tells when the connection is lost.
    }
    isAsking = false;
    if (isBehind) {
      isBehind = false;
      setTimeout(askAnew, 500);
    }
  }

  function lost() {
    connection.textContent = "The connection is lost. What you see is not up to date; trying again …";
    connection.hidden = false;
    root.classList.add("lost");
  }

  function later() {
    clearTimeout(retry);
    retry = setTimeout(connect, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  function reloadOnce(version) {
    try {
      if (sessionStorage.getItem("assay-version") === version) return;
      sessionStorage.setItem("assay-version", version);
      location.reload();
    } catch {
      // Without storage a reload could go round in circles; the old page works well enough.
    }
  }

  setInterval(() => {
    tellAges();
    if (stream && Date.now() - heard > DEAD_AFTER) {
      lost();
      connect();
    }
  }, 1_000);

  // A browser opens only six connections to one place. Pages that nobody sees give theirs back after a while, and
  // get everything anew when they are looked at again.
  const UNSEEN = 20_000;
  let unseen = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) {
      unseen = setTimeout(() => {
        clearTimeout(retry);
        stream?.close();
        stream = null;
      }, UNSEEN);
    } else if (root.dataset.stream && (!stream || Date.now() - heard > DEAD_AFTER / 2)) {
      connect();
    }
  });

  // ---- Tooltips of the plots -------------------------------------------------------------------------------

  const tip = document.getElementById("tip");
  let shownColumn = null;

  function fillTip(column) {
    const title = document.createElement("strong");
    title.textContent = column.dataset.title;
    tip.replaceChildren(title);
    for (const line of column.dataset.tip.split("\n").filter(Boolean)) {
      const [look, name, value] = line.split("\t");
      const row = document.createElement("div");
      row.className = `row look${look}`;
      const swatch = document.createElement("i");
      const label = document.createElement("span");
      label.textContent = name;
      const number = document.createElement("b");
      number.textContent = value;
      row.append(swatch, label, number);
      tip.append(row);
    }
  }

  function showTip(column) {
    if (shownColumn !== column) {
      shownColumn?.classList.remove("shown");
      shownColumn = column;
      column.classList.add("shown");
      fillTip(column);
    }
    tip.hidden = false;
    const at = column.querySelector(".guide").getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const margin = 8;
    const right = at.left + 12;
    const left = right + size.width > innerWidth - margin ? at.left - size.width - 12 : right;
    tip.style.left = `${Math.max(margin, Math.min(left, innerWidth - size.width - margin))}px`;
    tip.style.top = `${Math.max(margin, Math.min(at.top, innerHeight - size.height - margin))}px`;
  }

  function hideTip() {
    shownColumn?.classList.remove("shown");
    shownColumn = null;
    tip.hidden = true;
  }

  document.addEventListener("pointerover", (event) => {
    const column = event.target.closest?.(".column");
    if (column) showTip(column);
    else if (shownColumn && !shownColumn.closest("svg").matches(":focus")) hideTip();
  });
  addEventListener("scroll", hideTip, { passive: true });
  document.addEventListener("focusout", hideTip);
  document.addEventListener("keydown", (event) => {
    const plot = event.target.closest?.("svg.plot");
    if (event.key === "Escape") hideTip();
    if (!plot) return;
    const columns = [...plot.querySelectorAll(".column")];
    const at = columns.indexOf(shownColumn);
    const to = { ArrowLeft: at < 0 ? columns.length - 1 : at - 1, ArrowRight: at + 1, Home: 0, End: columns.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    showTip(columns[Math.max(0, Math.min(to, columns.length - 1))]);
  });

  // ---- Copying ---------------------------------------------------------------------------------------------

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    const copied = await copy(button.dataset.copy);
    button.textContent = copied ? "copied" : "press Ctrl+C";
    setTimeout(() => (button.textContent = "copy"), 1_500);
  });

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No clipboard outside this machine without https: the old way, from a selection.
      const field = document.createElement("textarea");
      field.value = text;
      field.readOnly = true;
      document.body.append(field);
      field.select();
      const copied = document.execCommand("copy");
      field.remove();
      return copied;
    }
  }

  // ---- Theme -----------------------------------------------------------------------------------------------

  const themes = ["system", "light", "dark"];
  const themeButton = document.getElementById("theme");

  function nameTheme() {
    const theme = root.dataset.theme || "system";
    themeButton.textContent = { system: "Auto", light: "Light", dark: "Dark" }[theme];
    themeButton.setAttribute("aria-label", `Theme: ${theme}. Switch to the next.`);
  }

  themeButton.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme || "system") + 1) % themes.length];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("assay-theme", next);
    } catch {
      // It holds for this visit.
    }
    nameTheme();
  });
  themeButton.hidden = false;
  nameTheme();

  afterChange();
  if (root.dataset.stream) connect();
})();
