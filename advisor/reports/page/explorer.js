"use strict";
(async () => {
  const { tasks, units, gpus, candidates, curves, pick, budgets, start } = dataOf("explorer");
  const [frontier, curve] = [await charts.frontier, await charts.curve];
  const GLYPHS = ["●", "■", "▲", "◆"]; // the shapes of charts.py
  const LETTER = 6.5; // pixels
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
    return { ...row, cost: row[unit], accuracy_text: interval(row), cost_text, spoken, label: "" };
  };

  const chosenRows = () => {
    const [task, unit, gpu, kind] = ["task", "unit", "gpu", "kind"].map((id) => at(id).value);
    const evidence = new Set([...document.querySelectorAll("#evidence input:checked")].map((box) => box.value));
    return rows
      .filter((row) => row.task === task && (!kind || row.kind === kind) && evidence.has(row.evidence))
      .filter((row) => !gpu || row.gpu === gpu)
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

  // names of the frontier's models, to the left above their points, where the one before leaves room
  const label = (shown, picked) => {
    const placed = [];
    const named = new Set();
    const ringed = shown.filter((row) => picked.some((each) => each.model === row.model && each.cost === row.cost));
    for (const row of [...ringed, ...shown.filter((each) => each.leads).reverse()]) {
      if (named.has(row.model)) continue;
      const [x, y] = [frontier.scale("x")(row.cost), frontier.scale("y")(row.accuracy)];
      const width = LETTER * nearest(row.model).length;
      const isLeft = x > width; // else there is no room on that side
      const box = { left: isLeft ? x - width : x, right: isLeft ? x : x + width, y };
      if (placed.some((p) => Math.abs(p.y - y) < 14 && p.left < box.right && box.left < p.right)) continue;
      placed.push(box);
      named.add(row.model);
      Object.assign(row, { label: nearest(row.model), side: isLeft ? "right" : "left" });
    }
  };

  const fillTable = (shown, unit) => {
    const heads = ["model", "strategy", "GPUs", "accuracy (90 %)", unit.title, "evidence", "frontier"];
    const line = (kind, cells) => {
      const tr = document.createElement("tr");
      tr.append(...cells.map((text) => Object.assign(document.createElement(kind), { textContent: text })));
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
    if (!shown.length) return `Nothing is known on ${task} for this choice.`;
    const models = new Set(shown.map((row) => row.model)).size;
    return [
      `${counted(shown.length, "candidate")} of ${counted(models, "model")} on ${task}: accuracy with its 90 % interval`
        + ` against ${title}.`,
      "Filled: on the frontier, nothing cheaper is as accurate.",
      ...picked.map((row) => `Ringed: the pick, ${nearest(row.model)}.`),
      ...(shown.some((row) => row.chosen) ? [`Dashed rings: ${nearest(at("model").value)}, whose curve is below.`] : []),
      ...limits.map((each) => `The ${each.text} is outside the picture.`),
    ].join(" ");
  };

  const drawFrontier = async () => {
    const [task, unit] = [at("task").value, units.find((each) => each.unit === at("unit").value)];
    const shown = withFrontier(chosenRows()).map((row) => ({ ...row, chosen: row.model === at("model").value }));
    const leads = shown.filter((row) => row.leads);
    const last = leads.length ? [{ ...leads.at(-1), cost: shown.at(-1).cost }] : [];
    const picked = pick && task === start.task && pick[unit.unit] > 0 ? [inWords(pick, unit.unit)] : [];
    const drawn = [...shown, ...picked];
    const [low, high] = [Math.min(...drawn.map((row) => row.cost)), Math.max(...drawn.map((row) => row.cost))];
    const limits = task === start.task ? budgets.filter((each) => each.unit === unit.unit) : [];
    const isNear = (each) => low / 10 <= each.cost && each.cost <= 10 * high;
    fitAxes(frontier, [...drawn, ...limits.filter(isNear)].map((row) => row.cost), drawn);
    frontier.signal("cost_title", `${unit.title}, log scale`).data("steps", [...leads, ...last]).data("pick", picked);
    await frontier.data("budget", limits.filter(isNear)).data("points", shown).runAsync();
    label(shown, picked); // now that the scales are known
    await frontier.data("points", shown.map((row) => ({ ...row }))).runAsync();
    const far = limits.filter((each) => !isNear(each));
    at("frontier-caption").textContent = frontierWords(shown, task, unit.title, picked, far);
    fillTable(shown, unit);
  };

  const drawCurve = async () => {
    const [task, model] = [at("task").value, at("model").value];
    const found = curves.filter((each) => each.task === task && each.model === model);
    const all = (name) => found.flatMap((each, i) => each[name].map((row) => ({ ...row, series: i % GLYPHS.length })));
    const points = all("points").map((row) => ({ ...row, accuracy_text: interval(row) }));
    const isPick = pick !== null && points.length > 0 && task === start.task && model === pick.model;
    curve.data("curve_points", points).data("curve_lines", all("line")).data("curve_pick", isPick ? [pick] : []);
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

  // models of the task, the most accurate first
  const listModels = () => {
    const best = new Map();
    for (const row of rows.filter((each) => each.task === at("task").value)) {
      best.set(row.model, Math.max(best.get(row.model) ?? 0, row.accuracy));
    }
    const known = new Set(curves.filter((each) => each.task === at("task").value).map((each) => each.model));
    const names = [...best.keys()].sort((a, b) => best.get(b) - best.get(a));
    const before = at("model").value || start.model;
    at("model").replaceChildren();
    fill(at("model"), names.map((name) => [known.has(name) ? name : `${name} (no curve)`, name]));
    at("model").value = names.includes(before) ? before : names[0];
  };

  const drawAll = async () => {
    await drawFrontier();
    await drawCurve();
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
  };
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filters").addEventListener("change", (event) => {
    if (event.target.id === "task") listModels();
    drawAll();
  });
  frontier.addEventListener("click", (_, item) => {
    if (!item?.datum?.model) return;
    at("model").value = item.datum.model;
    drawAll();
  });
  listModels();
  await drawAll();
})();
