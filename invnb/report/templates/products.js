// Pictures of each product, drawn from the numbers in its fold: a small one beside it, large ones when it is opened.
(() => {
  const list = document.querySelector("#products-list[data-shared]");
  if (!list) return;
  const { before, after, words } = JSON.parse(list.dataset.shared);
  const W = 560, H = 210, LEFT = 46, RIGHT = 96, TOP = 10, BOTTOM = 24;
  const read = (fold) => Array.from(fold.querySelectorAll("p"), (p) =>
    p.textContent.trim() ? p.textContent.trim().split(" ").map((t) => (t === "-" ? NaN : +t)) : []);
  const known = (values) => values.filter((v) => !isNaN(v));
  const element = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    if (text) node.textContent = text;
    return node;
  };
  const path = (values, x, y) => {
    let text = "", pen = "M";
    values.forEach((v, i) => { if (isNaN(v)) pen = "M"; else { text += pen + x(i).toFixed(1) + " " + y(v).toFixed(1); pen = "L"; } });
    return text;
  };
  const band = (low, high, x, y) => path(high, x, y) + path(low.slice().reverse(), (i) => x(low.length - 1 - i), y).replace("M", "L") + "Z";
  const round = (top) => { const size = 10 ** Math.floor(Math.log10(top)); return [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * size).find((n) => n >= top); };

  const spark = (lines) => {
    const [middle, low, high] = [lines[5], lines[6], lines[7]];
    if (!known(middle).length) return null;
    const top = Math.max(1, ...known(high), ...known(middle)), x = (i) => (i * 80) / Math.max(middle.length - 1, 1), y = (v) => 20 - (18 * Math.max(v, 0)) / top;
    const svg = element("svg", { class: "spark", viewBox: "0 0 80 21", "aria-hidden": "true" });
    if (known(low).length) svg.append(element("path", { class: "band", d: band(low, high, x, y) }));
    svg.append(element("path", { class: "ours", d: path(middle, x, y) }));
    return svg;
  };

  // series: [class, first place, values, word]; bands: [first place, low, high]
  const chart = (title, name, dates, series, bands) => {
    const all = known([...series.flatMap((s) => s[2]), ...bands.flatMap((b) => b[2])]);
    if (!all.length) return null;
    const top = round(Math.max(1, ...all)), n = dates.length;
    const x = (i) => LEFT + (i * (W - LEFT - RIGHT)) / Math.max(n - 1, 1), y = (v) => H - BOTTOM - ((H - TOP - BOTTOM) * Math.max(v, 0)) / top;
    const svg = element("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${title}: ${name}` });
    [0, 0.5, 1].forEach((share) => {
      svg.append(element("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: y(top * share), y2: y(top * share) }));
      svg.append(element("text", { x: LEFT - 6, y: y(top * share) + 4, "text-anchor": "end" }, (top * share).toLocaleString(document.documentElement.lang)));
    });
    [0, 1, 2, 3].map((k) => Math.round((k * (n - 1)) / 3)).forEach((i) =>
      svg.append(element("text", { x: x(i), y: H - 6, "text-anchor": "middle" }, dates[i])));
    bands.forEach(([first, low, high]) => svg.append(element("path", { class: "band", d: band(low, high, (i) => x(first + i), y) })));
    const ends = [];
    series.forEach(([kind, first, values, word]) => {
      svg.append(element("path", { class: kind, d: path(values, (i) => x(first + i), y) }));
      const last = values.findLastIndex((v) => !isNaN(v));
      if (word && last >= 0) ends.push([y(values[last]), x(first + last), kind, word]);
    });
    ends.sort((a, b) => a[0] - b[0]).forEach((end, i) => {
      if (i) end[0] = Math.max(end[0], ends[i - 1][0] + 14);
    });
    const over = ends.length ? Math.max(0, ends[ends.length - 1][0] - (H - BOTTOM)) : 0;
    ends.forEach(([height, place, kind, word]) => svg.append(element("text", { x: Math.max(place, W - RIGHT) + 6, y: height - over + 4, class: "name " + kind.split(" ")[0] }, word)));
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    caption.textContent = title;
    figure.append(caption, svg);
    return figure;
  };

  const why = new Map();
  document.querySelectorAll("#orders tbody tr").forEach((row) => {
    const reason = row.querySelector("details");
    if (reason) why.set(row.querySelector("small").textContent, reason.textContent.slice(reason.querySelector("summary").textContent.length));
  });

  list.querySelectorAll("tbody tr").forEach((row) => {
    const fold = row.querySelector("details");
    if (!fold) return;
    const lines = read(fold), small = spark(lines), name = row.cells[0].querySelector("bdi").textContent;
    if (small) fold.firstChild.prepend(small);
    fold.addEventListener("toggle", () => {
      if (!fold.open) { fold.append(...row.extra.querySelector(".lines").childNodes); row.extra.remove(); row.extra = null; return; }
      const extra = document.createElement("tr"), cell = extra.insertCell(), box = document.createElement("div"), text = document.createElement("div");
      cell.colSpan = row.cells.length;
      extra.className = "drill";
      text.className = "lines";
      const [sold, earlier, mean, low, high, stock, stockLow, stockHigh, without] = lines, first = before.length;
      [chart(words.demand, name, [...before, ...after],
        [["ours dashed", 0, earlier], ["ink", 0, sold, words.sold], ["ours", first, mean, words.forecast]], [[first, low, high]]),
      chart(words.stock, name, after,
        [["ours", 0, stock, words.with], ["other dashed", 0, without, words.without]], [[0, stockLow, stockHigh]]),
      ].forEach((figure) => figure && box.append(figure));
      text.append(...Array.from(fold.childNodes).slice(1));
      const reason = why.get(row.querySelector("small").textContent), quantity = document.createElement("p");
      box.className = "pictures";
      cell.append(box);
      if (reason) { quantity.className = "note"; quantity.textContent = reason; cell.append(quantity); }
      cell.append(text);
      row.after(extra);
      row.extra = extra;
    });
  });

  const open = () => {
    const row = /^#p\d+$/.test(location.hash) && document.querySelector(location.hash), fold = row && row.querySelector("details");
    if (fold) { fold.open = true; row.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
})();
