"use strict";
(() => {
  const SORTED_ROWS = 5; // fewer are seen at a glance
  const SEARCHED_ROWS = 10;
  const order = new Intl.Collator("zh-Hans-CN", { numeric: true });
  document.documentElement.classList.add("js");

  function make(tag, values = {}, ...children) {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...children);
    return element;
  }

  const read = (row, column) => row.cells[column].textContent.trim();

  function compare(column, isNumber, direction) {
    return (one, other) => {
      const values = [one, other].map((row) => {
        const text = read(row, column);
        return isNumber ? Number(text.replaceAll(",", "") || NaN) : text;
      });
      const [blank, otherBlank] = values.map((value) => (isNumber ? Number.isNaN(value) : value === ""));
      if (blank || otherBlank) return blank - otherBlank; // what has no value comes last either way
      return direction * (isNumber ? values[0] - values[1] : order.compare(...values));
    };
  }

  function setUp(table) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...body.rows];
    const pageRows = table.matches(".stacked") ? 10 : 20; // rows of whole sentences are tall
    let first = 0;
    const search = make("input", { type: "search" });
    const filters = new Map();
    const place = make("span");
    place.setAttribute("role", "status");
    const back = make("button", { type: "button", textContent: "Previous" });
    const forth = make("button", { type: "button", textContent: "Next" });
    const pager = make("div", { className: "pager" }, place, back, forth);

    function show() {
      const words = search.value.toLowerCase().split(/\s+/);
      const found = rows.filter((row) => {
        const text = row.textContent.toLowerCase();
        const fits = ([column, choice]) => !choice.value || read(row, column).split("|").includes(choice.value);
        return words.every((word) => text.includes(word)) && [...filters].every(fits);
      });
      first = Math.min(first, Math.max(0, Math.ceil(found.length / pageRows) - 1) * pageRows);
      body.replaceChildren(...found.slice(first, first + pageRows));
      const last = Math.min(first + pageRows, found.length);
      const total = found.length.toLocaleString("en");
      place.textContent = found.length ? `${first + 1}–${last} of ${total}` : "nothing found";
      pager.hidden = found.length <= pageRows && found.length === rows.length;
      back.disabled = first === 0;
      forth.disabled = last === found.length;
    }

    function turn(step) {
      first += step * pageRows;
      show();
    }

    function sort(head, column) {
      const isNumber = head.matches(".number, .bar");
      const before = head.getAttribute("aria-sort");
      const falls = before ? before === "ascending" : isNumber; // of numbers the largest are wanted first
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      rows.sort(compare(column, isNumber, falls ? -1 : 1));
      first = 0;
      show();
    }

    if (rows.length < SORTED_ROWS) return;
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      button.addEventListener("click", () => sort(head, column));
      head.append(button);
    });
    const restart = () => { first = 0; show(); };
    search.addEventListener("input", restart);
    back.addEventListener("click", () => turn(-1));
    forth.addEventListener("click", () => turn(1));
    if (rows.length < SEARCHED_ROWS) return;

    const tools = make("div", { className: "tools" }, make("label", {}, "Search", search));
    heads.forEach((head, column) => {
      if (!("filter" in head.dataset)) return;
      const values = new Set(rows.flatMap((row) => read(row, column).split("|")));
      values.delete("");
      const options = [...values].sort(order.compare).map((value) => make("option", { value, textContent: value }));
      const choice = make("select", {}, make("option", { value: "", textContent: "all" }), ...options);
      choice.addEventListener("change", restart);
      filters.set(column, choice);
      tools.append(make("label", {}, head.textContent, choice));
    });
    table.parentElement.before(tools);
    table.parentElement.after(pager);
    show();
  }

  function nameCells(table) {
    const titles = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => { cell.dataset.title = titles[column]; });
    }
  }

  function offerCurves(choice) {
    choice.hidden = false;
    const select = choice.querySelector("select");
    let shown = [];
    select.addEventListener("change", () => {
      const [facts, ...lines] = shown;
      if (facts) facts.hidden = true;
      lines.forEach((line) => line.classList.remove("chosen"));
      const ids = [`choice-${select.value}`, `curves-curve-${select.value}`, `curves-point-${select.value}`];
      shown = ids.map((id) => document.getElementById(id)).filter(Boolean);
      shown.slice(1).forEach((line) => line.classList.add("chosen"));
      if (shown.length) shown[0].hidden = false;
    });
  }

  document.querySelectorAll("table.stacked").forEach(nameCells);
  document.querySelectorAll("table:not(.heat)").forEach(setUp);
  document.querySelectorAll(".choice").forEach(offerCurves);
})();
