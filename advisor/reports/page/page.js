"use strict";
// Every chart of the page, by its id. Vega interprets its expressions: the page's policy allows no compiled ones.
const dataOf = (name) => JSON.parse(document.getElementById(`data-${name}`).textContent);

const draw = async (id, spec) => {
  const options = {
    ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true },
  };
  return (await vegaEmbed(document.getElementById(id), spec, options)).view;
};

const charts = Object.fromEntries(Object.entries(dataOf("charts")).map(([id, spec]) => [id, draw(id, spec)]));
