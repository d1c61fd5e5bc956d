// Where each lane is on the canvas: its strips for entry points, levels and locks, its rows of bars, its dots.

const LABEL = 118; // what stands left of the lanes
const TICKS = 48; // and above them: two rows for marks, then numbers
const ENTRY = 15;
const STRIP = 10;
const DOTS = 10;
const ROW = 13;
const MOST_ROWS = 12; // more are drawn thinner

function arrange(bars, hasBands) {
  let y = TICKS;
  const lanes = bars.lanes.map((lane) => {
    const bands = lane.cpu >= 0 && hasBands;
    const height = Math.min(lane.rows, MOST_ROWS) * ROW;
    const placed = { ...lane, y, bands, rowHeight: height / lane.rows, height: 0 };
    placed.top = y + 3 + (bands ? ENTRY + 2 * STRIP + 5 : 0);
    placed.bottom = placed.top + height;
    placed.height = placed.bottom + DOTS + 2 - y;
    y += placed.height;
    return placed;
  });
  return { lanes, height: y + 1 };
}

// The colours of the page's style, which change with the ground that it is on.
function coloursOf() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ['ink', 'faint', 'line', 'paper', 'raised', 'stripe', 'broken', 'choice', 'select', 'lock'];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  colours.owners = about.owners.map((owner) => colour(owner === 'line' ? 'line-owner' : owner) || colour('pool'));
  colours.onBar = about.owners.map((owner) => colour(owner === 'ndis' ? 'on-ndis' : 'on-bar'));
  colours.levels = ['', colour('level-1'), colour('level-2'), colour('level-3')];
  return colours;
}

function levelColour(colours, irql) {
  return irql >= 3 ? colours.levels[3] : irql === 2 ? colours.levels[2] : irql === 1 ? colours.levels[1] : '';
}

// A band from left to right: what is narrower than a pixel is one pixel of the highest that is in it.
function drawBand(context, band, x, [first, last], paint) {
  let low = placeOf(band.start, first + 1) - 1;
  if (low < 0) low = 0;
  let pixel = -1;
  let most = 0;
  for (let at = low; at < band.start.length && band.start[at] < last; at++) {
    const value = band.value[at];
    const from = Math.max(LABEL, x(band.start[at]));
    const to = x(at + 1 < band.start.length ? Math.min(band.start[at + 1], last) : last);
    if (to - from >= 1) {
      if (value) paint(value, from, to);
      continue;
    }
    const here = Math.floor(from);
    if (here !== pixel) { pixel = here; most = 0; }
    if (value > most) { most = value; paint(value, here, here + 1); }
  }
}

function fitting(context, text, width) {
  if (width < 16) return '';
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle; else high = middle - 1;
  }
  return low > 1 ? `${text.slice(0, low)}…` : '';
}
