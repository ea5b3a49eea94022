// Search, filter and sort in the page's lists. The page is complete without it: the controls stay hidden then.
document.querySelectorAll(".explorer").forEach((box) => {
  const tools = box.querySelector(".tools"), table = box.querySelector("table[data-sortable]");
  if (!tools || !table) return;
  tools.hidden = false;
  const search = tools.querySelector("input"), filter = tools.querySelector("select");
  const status = tools.querySelector("[role=status]"), body = table.tBodies[0];
  const rows = Array.from(body.rows), shownText = (cell) => (cell.querySelector("summary") ?? cell).textContent;
  const texts = rows.map((row) => Array.from(row.cells, shownText).join(" ").toLowerCase());

  const update = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = words.every((word) => texts[i].includes(word));
      row.hidden = !(fits && (!filter || !filter.value || row.dataset.f === filter.value));
      if (row.extra) row.extra.hidden = row.hidden;
      if (!row.hidden) shown += 1;
    });
    status.textContent = status.dataset.text.replace("{shown}", shown).replace("{total}", rows.length);
  };
  search.addEventListener("input", update);
  if (filter) filter.addEventListener("change", update);

  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", head.textContent); // it lies over the text: a browser repeats no heading with a button on paper
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      table.tHead.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const number = (text) => text.replace(/−/g, "-").replace(/[^\d.-]/g, ""), written = head.classList.contains("n") ? number : (text) => text;
      const key = (row) => row.cells[column].dataset.v ?? written(shownText(row.cells[column]));
      const missing = (text) => text === "" || text === "–";
      const sorted = rows.slice().sort((a, b) => {
        const x = key(a), y = key(b);
        if (missing(x) || missing(y)) return missing(x) - missing(y); // what is not known stands last either way
        const both = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return (both ? x - y : order.compare(x, y)) * (down ? -1 : 1);
      });
      body.append(...sorted.flatMap((row) => (row.extra ? [row, row.extra] : [row])));
    });
  });
  update();
});
