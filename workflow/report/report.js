// What the page does by itself: the map of cells, tables that sort and filter, evidence that opens, downloads.
// Everything it needs stands in the page.
(() => {
  "use strict";

  // ---------------------------------------------------------------- evidence
  const open = (element) => {
    for (let outer = element; outer; outer = outer.parentElement) if (outer.tagName === "DETAILS") outer.open = true;
    const own = element.querySelector(":scope > details");
    if (own) own.open = true;
  };
  const show = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    open(target);
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", show);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const to = link && (link.getAttribute("href") || "");
    if (!to || !to.startsWith("#")) return;
    const target = document.getElementById(to.slice(1));
    if (!target) return;
    if (target.matches("a[download]")) {
      event.preventDefault();
      target.click();
    } else if (to === location.hash) {
      show();
    }
  });
  document.querySelectorAll("[data-open]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const all = [...document.querySelectorAll(`${button.dataset.open} > details`)];
      const close = all.every((one) => one.open);
      all.forEach((one) => (one.open = !close));
      button.textContent = close ? "Open all" : "Close all";
    });
  });

  // ---------------------------------------------------------------- figures
  // each is saved as it is drawn; PNG at three times the size of the screen, on white
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.download = name;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const drawn = (svg) => {
    const box = svg.viewBox.baseVal;
    const copy = svg.cloneNode(true);
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    return { text: new XMLSerializer().serializeToString(copy), width: box.width, height: box.height };
  };
  const asPng = (svg, name) => {
    const { text, width, height } = drawn(svg);
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = 3 * width;
      canvas.height = 3 * height;
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(blob, `${name}.png`));
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  };
  // printed alone, under its name: the browser writes it as a PDF
  const asPdf = (figure, name) => {
    const title = document.title;
    const done = () => {
      document.title = title;
      document.body.classList.remove("single");
      figure.classList.remove("alone");
    };
    window.addEventListener("afterprint", done, { once: true });
    document.title = name;
    document.body.classList.add("single");
    figure.classList.add("alone");
    window.print();
  };
  document.querySelectorAll(".save").forEach((place) => {
    const svg = place.closest("figure").querySelector(".plot svg");
    if (!svg) return;
    const name = place.dataset.name;
    const kinds = {
      SVG: () => save(new Blob([drawn(svg).text], { type: "image/svg+xml" }), `${name}.svg`),
      PNG: () => asPng(svg, name),
    };
    // those of confirmatory questions are in the file as PDF
    const inside = [...place.querySelectorAll("a")].some((link) => link.textContent === "PDF");
    if (!inside) kinds.PDF = () => asPdf(place.closest("figure"), name);
    for (const [kind, act] of Object.entries(kinds)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = kind;
      button.setAttribute("aria-label", `Save figure ${name} as ${kind}`);
      button.addEventListener("click", act);
      place.append(button);
    }
  });

  // ---------------------------------------------------------------- tables
  document.querySelectorAll("table.listing").forEach((table) => {
    const rows = table.tBodies[0].rows.length;
    if (rows < 2 || table.querySelector("td[colspan]")) return;
    const grid = new DataTable(table, {
      paging: false,
      info: false,
      order: [],
      autoWidth: false,
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    });
    const tools = table.closest(".listed").querySelector(".tools");
    const input = tools.querySelector("input");
    const said = tools.querySelector("output");
    if (rows < 8) return;
    tools.querySelector("label").hidden = false;
    input.addEventListener("input", () => {
      grid.search(input.value).draw();
      const left = grid.rows({ search: "applied" }).count();
      said.textContent = input.value ? `${left} of ${rows} rows` : "";
    });
  });

  // ---------------------------------------------------------------- map of cells
  const holder = document.getElementById("map");
  const packed = JSON.parse(document.getElementById("map-data").textContent);
  const numbers = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Uint16Array(bytes.buffer);
  };
  if (holder && packed.n) {
    const x = numbers(packed.x);
    const y = numbers(packed.y);
    const columns = Object.keys(packed.by);
    const codes = Object.fromEntries(columns.map((name) => [name, numbers(packed.by[name].codes)]));
    const choice = document.getElementById("map-by");
    const figure = holder.closest("figure");
    figure.hidden = false;
    figure.parentElement.classList.add("mapped");
    for (const name of columns) choice.add(new Option(name, name));
    // the wheel scrolls the page; with Ctrl, as a pinch is told, it zooms
    for (const kind of ["wheel", "mousewheel"]) {
      holder.addEventListener(kind, (event) => event.ctrlKey || event.stopPropagation(), { capture: true, passive: true });
    }
    const chart = echarts.init(holder, null, { renderer: "canvas" });
    const extent = (values) => values.reduce((most, value) => Math.max(most, value), 0);
    const size = Math.max(2, Math.min(7, 600 / Math.sqrt(packed.n)));
    const tell = (cell) =>
      columns.map((name) => `${name}: ${packed.by[name].names[codes[name][cell]]}`).join("\n");
    const draw = () => {
      const by = packed.by[choice.value];
      const points = by.names.map(() => []);
      codes[choice.value].forEach((code, cell) => points[code].push([x[cell], y[cell], cell]));
      const axis = (end) => ({ type: "value", min: 0, max: end, show: false });
      chart.setOption(
        {
          animation: false,
          grid: { left: 8, right: 8, top: 8, bottom: 8 },
          xAxis: axis(extent(x)),
          yAxis: axis(extent(y)),
          dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none" }, { type: "inside", yAxisIndex: 0, filterMode: "none" }],
          // rich text is drawn and never read as markup
          tooltip: { renderMode: "richText", formatter: (at) => tell(at.data[2]), confine: true },
          series: by.names.map((name, number) => ({
            type: "scatter",
            name,
            data: points[number],
            symbolSize: size,
            itemStyle: { color: by.colours[number], opacity: 0.8 },
          })),
        },
        true,
      );
      legend(by, points.map((own) => own.length));
    };
    const hidden = new Set();
    const legend = (by, counts) => {
      const list = document.getElementById("map-legend");
      hidden.clear();
      list.replaceChildren(
        ...by.names.map((name, number) => {
          const item = document.createElement("li");
          const button = document.createElement("button");
          const dot = document.createElement("span");
          button.type = "button";
          button.setAttribute("aria-pressed", "true");
          dot.className = "dot";
          dot.style.background = by.colours[number];
          button.append(dot, `${name} (${counts[number].toLocaleString("en")})`);
          button.addEventListener("click", () => {
            const off = !hidden.delete(name);
            if (off) hidden.add(name);
            button.setAttribute("aria-pressed", String(!off));
            chart.setOption({ series: by.names.map((one, place) => ({ itemStyle: { color: by.colours[place], opacity: hidden.has(one) ? 0 : 0.8 }, silent: hidden.has(one) })) });
          });
          item.append(button);
          return item;
        }),
      );
    };
    choice.addEventListener("change", draw);
    document.getElementById("map-reset").addEventListener("click", () => {
      for (const number of [0, 1]) chart.dispatchAction({ type: "dataZoom", dataZoomIndex: number, start: 0, end: 100 });
    });
    const fit = () => chart.resize();
    window.addEventListener("resize", fit);
    draw();
    requestAnimationFrame(fit);
  }

  // ---------------------------------------------------------------- print
  // the evidence of confirmatory hypotheses, and what else the reader has opened
  let shut = [];
  window.addEventListener("beforeprint", () => {
    shut = [...document.querySelectorAll(".confirmatory > details:not([open])")];
    shut.forEach((one) => (one.open = true));
  });
  window.addEventListener("afterprint", () => shut.forEach((one) => (one.open = false)));
  show();
})();
