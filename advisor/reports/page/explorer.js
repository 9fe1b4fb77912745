"use strict";
(async () => {
  const { tasks, units, gpus, candidates, curves, pick, budgets, start } = dataOf("explorer");
  const [frontier, curve] = [await charts.frontier, await charts.curve];
  const GLYPHS = ["●", "■", "▲", "◆"]; // the shapes of charts.py
  const LETTER = 6.5; // pixels
  // where a name may stand: the side of it that is at its point, and how far away
  const SIDES = [
    { side: "right", dx: -6, dy: -10 }, { side: "left", dx: 6, dy: -10 }, { side: "left", dx: 6, dy: 11 },
    { side: "right", dx: -6, dy: 11 }, { side: "left", dx: 12, dy: 0 }, { side: "right", dx: -12, dy: 0 },
  ];
  const at = (id) => document.getElementById(id);
  const nearest = (text) => text.split("/").pop();

  // columns back to rows; a column of texts has each text once
  const value = (column, i) => (Array.isArray(column) ? column[i] : column.texts[column.at[i]]);
  const length = candidates.cost_from.at.length;
  const rows = Array.from({ length }, (_, i) =>
    Object.fromEntries(Object.entries(candidates).map(([name, column]) => [name, value(column, i)])),
  );

  const fill = (select, options) => {
    for (const [text, name] of options) select.add(new Option(text, name));
  };
  fill(at("task"), tasks.map((task) => [task, task]));
  fill(at("unit"), units.map(({ unit, title }) => [title, unit]));
  fill(at("gpu"), gpus.map((gpu) => [gpu, gpu]));
  at("task").value = start.task;
  at("unit").value = start.unit;
  const kinds = new Set(rows.map((row) => row.evidence));
  for (const box of document.querySelectorAll("#evidence input")) box.parentElement.hidden = !kinds.has(box.value);

  const amount = (x) => (x >= 1e5 || x < 1e-3 ? x.toExponential(2) : x.toPrecision(3)).replace("e+", "e");
  const percent = (x) => `${x.toFixed(1)} %`;
  const interval = (row) => `${percent(row.accuracy)} (${row.low.toFixed(1)} – ${percent(row.high)})`;

  // Vega marks the rows that it is handed with a hidden key; a copy that has it too counts as the same row, not drawn anew
  const copied = (row) => Object.fromEntries(Object.entries(row));

  // the ends of both axes around some rows; a logarithmic axis spans a factor of four at least
  const fitAxes = (view, across, up) => {
    if (!across.length) return;
    const [low, high] = [Math.min(...across), Math.max(...across)];
    const margin = Math.max(1.3, 2 / Math.sqrt(high / low), (high / low) ** 0.06);
    view.signal("x_low", low / margin).signal("x_high", high * margin);
    const bottom = 5 * Math.floor(Math.min(...up.map((row) => row.low)) / 5);
    const top = 5 * Math.ceil(Math.max(...up.map((row) => row.high)) / 5 + 0.2);
    view.signal("y_low", Math.max(0, bottom)).signal("y_high", Math.min(100, top));
  };

  const inWords = (row, unit) => {
    const title = units.find((each) => each.unit === unit).title;
    const cost_text = `${amount(row[unit])} ${title}`;
    const spoken = `${row.model}, ${row.strategy}, ${row.deployment}: ${interval(row)} right, ${cost_text}`;
    return { ...copied(row), cost: row[unit], accuracy_text: interval(row), cost_text, spoken, label: "" };
  };

  // whether a row is among those that are shown, whatever its task
  const filter = () => {
    const [gpu, kind] = [at("gpu").value, at("kind").value];
    const evidence = new Set([...document.querySelectorAll("#evidence input:checked")].map((box) => box.value));
    return (row) => (!kind || row.kind === kind) && evidence.has(row.evidence) && (!gpu || row.gpu === gpu);
  };

  const chosenRows = () => {
    const [task, unit, gpu] = ["task", "unit", "gpu"].map((id) => at(id).value);
    return rows
      .filter((row) => row.task === task)
      .filter(filter())
      .filter((row) => (gpu ? row.units : row.anywhere).split(" ").includes(unit))
      .map((row) => inWords(row, unit))
      .sort((a, b) => a.cost - b.cost || b.accuracy - a.accuracy);
  };

  // cheapest first: on the frontier is what is more accurate than all before it
  const withFrontier = (shown) => {
    let best = -1;
    for (const row of shown) {
      row.leads = row.accuracy > best;
      best = Math.max(best, row.accuracy);
    }
    return shown;
  };

  // names of the picked and leading models beside their points: each nearer to its own model than to any other, and
  // clear of the names before it; one without such a place is left out
  const label = (shown, picked) => {
    const spots = [...shown, ...picked].map((row) => (
      { model: row.model, x: frontier.scale("x")(row.cost), y: frontier.scale("y")(row.accuracy) }
    ));
    const gap = ({ x, y }, box) => Math.hypot(
      Math.max(box.left - x, 0, x - box.right), Math.max(box.high - y, 0, y - box.low),
    );
    const nearestOf = (box, chosen) => Math.min(...spots.filter(chosen).map((spot) => gap(spot, box)));
    const isClear = (box, model) => {
      const own = nearestOf(box, (spot) => spot.model === model);
      return box.left > 0 && box.right < frontier.width() && box.high > 0 && box.low < frontier.height()
        && own + 2 < nearestOf(box, (spot) => spot.model !== model)
        && !placed.some((p) => p.left < box.right && box.left < p.right && p.high < box.low && box.high < p.low);
    };
    const placed = [];
    const named = new Set();
    for (const row of [...picked, ...shown.filter((each) => each.leads).reverse()]) {
      if (named.has(row.model)) continue;
      const [x, y] = [frontier.scale("x")(row.cost), frontier.scale("y")(row.accuracy)];
      const width = LETTER * nearest(row.model).length;
      const place = SIDES.find(({ side, dx, dy }) => {
        const left = side === "right" ? x + dx - width : x + dx;
        const box = { left, right: left + width, high: y + dy - 7, low: y + dy + 7 };
        return isClear(box, row.model) && placed.push(box);
      });
      if (!place) continue;
      named.add(row.model);
      Object.assign(row, { label: nearest(row.model), ...place });
    }
  };

  const fillTable = (shown, unit) => {
    const heads = ["model", "strategy", "GPUs", "accuracy (90 %)", unit.title, "evidence", "frontier"];
    const line = (kind, cells) => {
      const tr = document.createElement("tr");
      tr.append(...cells.map((text) => Object.assign(document.createElement(kind), { textContent: text })));
      if (kind === "td") [...tr.cells].forEach((cell, i) => { cell.dataset.label = heads[i]; });
      return tr;
    };
    at("rows").tHead.replaceChildren(line("th", heads));
    at("rows").tBodies[0].replaceChildren(...shown.map((row) => line("td", [
      row.model, row.strategy, row.deployment, row.accuracy_text, amount(row.cost), row.evidence,
      row.leads ? "on it" : "",
    ])));
  };

  const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const frontierWords = (shown, task, title, picked, limits) => {
    const isAbsent = pick && task === start.task && !picked.length;
    const absent = isAbsent ? [`The pick, ${nearest(pick.model)}, is not among these.`] : [];
    if (!shown.length) return [`Nothing is known on ${task} for this choice.`, ...absent].join(" ");
    const models = new Set(shown.map((row) => row.model)).size;
    const model = at("model").value;
    const below = hasCurve(task, model) ? ", whose curve is below" : "";
    return [
      `${counted(shown.length, "candidate")} of ${counted(models, "model")} on ${task}: accuracy with its 90 % interval`
        + ` against ${title}.`,
      "Filled: on the frontier, nothing cheaper is as accurate.",
      ...picked.map((row) => `Ringed: the pick, ${nearest(row.model)}.`),
      ...absent,
      ...(shown.some((row) => row.chosen) ? [`Dashed rings: ${nearest(model)}${below}.`] : []),
      ...limits.map((each) => `The ${each.text} is outside the picture.`),
    ].join(" ");
  };

  const drawFrontier = async () => {
    const [task, unit] = [at("task").value, units.find((each) => each.unit === at("unit").value)];
    const shown = withFrontier(chosenRows()).map((row) => ({ ...copied(row), chosen: row.model === at("model").value }));
    const leads = shown.filter((row) => row.leads);
    const last = leads.length ? [{ ...copied(leads.at(-1)), cost: shown.at(-1).cost }] : [];
    const isShown = pick && task === start.task && filter()(pick) && pick[unit.unit] > 0;
    const picked = isShown ? [inWords(pick, unit.unit)] : [];
    const drawn = [...shown, ...picked];
    const [low, high] = [Math.min(...drawn.map((row) => row.cost)), Math.max(...drawn.map((row) => row.cost))];
    const limits = task === start.task ? budgets.filter((each) => each.unit === unit.unit) : [];
    const isNear = (each) => low / 10 <= each.cost && each.cost <= 10 * high;
    fitAxes(frontier, [...drawn, ...limits.filter(isNear)].map((row) => row.cost), drawn);
    frontier.signal("cost_title", `${unit.title}, log scale`).data("steps", [...leads, ...last].map(copied));
    await frontier.data("budget", limits.filter(isNear)).data("points", shown.map(copied)).runAsync();
    label(shown, picked); // now that the scales are known
    await frontier.data("points", shown.map(copied)).data("pick", picked).runAsync();
    const far = limits.filter((each) => !isNear(each));
    at("frontier-caption").textContent = frontierWords(shown, task, unit.title, picked, far);
    fillTable(shown, unit);
  };

  const hasCurve = (task, model) => curves.some((each) => each.task === task && each.model === model);

  const drawCurve = async () => {
    const [task, model] = [at("task").value, at("model").value];
    const found = curves.filter((each) => each.task === task && each.model === model);
    const all = (name) => found.flatMap((each, i) => each[name].map((row) => ({ ...copied(row), series: i % GLYPHS.length })));
    const points = all("points").map((row) => ({ ...copied(row), accuracy_text: interval(row) }));
    const isPick = pick !== null && points.length > 0 && task === start.task && model === pick.model;
    curve.data("curve_points", points).data("curve_lines", all("line")).data("curve_pick", isPick ? [copied(pick)] : []);
    fitAxes(curve, [...points, ...all("line")].map((row) => row.flops), points);
    at("curve-title").textContent = `${nearest(model)} on ${task}: accuracy against compute`;
    at("curve").hidden = !points.length;
    at("curve-caption").textContent = points.length
      ? "As measured, with 90 % intervals, and as fitted." + (isPick ? " Ringed: the pick." : "")
      : "No curve is known: that takes answers at two amounts of compute or more.";
    at("curve-list").replaceChildren(...found.map((each, i) => {
      const glyph = Object.assign(document.createElement("b"), { textContent: GLYPHS[i % GLYPHS.length] });
      const entry = document.createElement("li");
      glyph.className = `series-${i % GLYPHS.length}`;
      entry.append(glyph, ` ${each.text}`);
      return entry;
    }));
    if (points.length) await curve.resize().runAsync();
  };

  let wanted = start.model; // the model that was chosen last; a task that lacks it shows another until one has it

  // models of the task, the most accurate first
  const listModels = () => {
    const best = new Map();
    for (const row of rows.filter((each) => each.task === at("task").value)) {
      best.set(row.model, Math.max(best.get(row.model) ?? 0, row.accuracy));
    }
    const names = [...best.keys()].sort((a, b) => best.get(b) - best.get(a));
    at("model").replaceChildren();
    fill(at("model"), names.map((name) => [hasCurve(at("task").value, name) ? name : `${name} (no curve)`, name]));
    at("model").value = names.includes(wanted) ? wanted : names[0];
  };

  const drawAll = async () => {
    await drawFrontier();
    await drawCurve();
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
  };
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filters").addEventListener("change", (event) => {
    if (event.target.id === "task") listModels();
    if (event.target.id === "model") wanted = at("model").value;
    drawAll();
  });
  frontier.addEventListener("click", (_, item) => {
    if (!item?.datum?.model) return;
    wanted = at("model").value = item.datum.model;
    drawAll();
  });
  listModels();
  await drawAll();
})();
