// A run from afar, where several events fall on one pixel: how many packets each lane has, and how much happens there.

const DENSE = 3; // events a pixel

// For each pixel the events [first, last) that fall on it.
function pixelsOf(axis, run, width) {
  const edges = new Uint32Array(width + 1);
  for (let x = 0; x <= width; x++) edges[x] = axis.eventAt(run, axis.placeAt(x, width));
  return edges;
}

function drawCounts(context, panel, edges, colours) {
  const counts = panel.bars.counts();
  panel.layout.lanes.forEach((lane, number) => {
    const counted = counts[number];
    const height = lane.bottom - lane.top;
    context.fillStyle = colours.owners[OWNER_LANES.indexOf(lane.name)];
    context.beginPath();
    for (let x = 0; x + 1 < edges.length; x++) {
      let most = counted[Math.max(0, edges[x] - 1)];
      if (edges[x] === 0 && edges[x + 1] === 0) most = 0;
      for (let at = edges[x]; at < edges[x + 1]; at++) if (counted[at] > most) most = counted[at];
      if (!most) continue;
      const tall = Math.max(1.5, most / lane.rows * height);
      context.rect(LABEL + x, lane.bottom - tall, 1, tall);
    }
    context.fill();
  });
}

// The dots of a lane as a strip that is the darker the more happens.
function drawHeat(context, panel, edges, colours, mask) {
  const { run, layout } = panel;
  const laneOfText = panel.laneOfText();
  const heat = layout.lanes.map(() => new Uint32Array(edges.length));
  const at0 = panel.bars.byName.get('miniport') ?? 0;
  for (let x = 0; x + 1 < edges.length; x++) {
    for (let at = edges[x]; at < edges[x + 1]; at++) {
      if (mask && !mask[at]) continue;
      const lane = laneOfText[run.text[at]];
      heat[lane === at0 ? lane + run.cpu[at] : lane][x]++;
    }
  }
  context.fillStyle = colours.ink;
  layout.lanes.forEach((lane, number) => {
    let most = 1;
    for (const count of heat[number]) if (count > most) most = count;
    for (let x = 0; x < heat[number].length; x++) {
      const count = heat[number][x];
      if (!count) continue;
      context.globalAlpha = 0.2 + 0.8 * count / most;
      context.fillRect(LABEL + x, lane.bottom + 3, 1, 5);
    }
  });
  context.globalAlpha = 1;
}

// The strip below: the whole run, where it is busy, where a rule is broken, and what of it is seen.
class Overview {
  constructor(canvas, axis, panels) {
    Object.assign(this, { canvas, axis, panels });
    this.picture = null;
  }

  draw(colours, mask) {
    const context = sized(this.canvas, 34);
    const width = this.canvas.clientWidth - LABEL;
    const { begin, end } = this.axis;
    const x = (place) => LABEL + (place - begin) / (end - begin) * width;
    this.drawBusy(context, colours, mask, Math.max(1, Math.floor(width)));
    for (const panel of this.panels) {
      for (const broken of panel.run.breaks.slice(0, 5000)) {
        context.fillStyle = colours.broken;
        context.fillRect(x(this.axis.placeOf(panel.run, broken.event)) - 1, 2, 2, 30);
      }
    }
    const [from, to] = [Math.max(LABEL, x(this.axis.from)), Math.min(LABEL + width, x(this.axis.to))];
    context.fillStyle = colours.faint;
    context.globalAlpha = 0.18;
    context.fillRect(from, 1, Math.max(2, to - from), 32);
    context.globalAlpha = 1;
    context.strokeStyle = colours.ink;
    context.strokeRect(from + 0.5, 0.5, Math.max(2, to - from) - 1, 33);
    context.fillStyle = colours.faint;
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.fillText('whole run', 8, 17);
  }

  // How busy it is does not change while one moves about: it is counted once.
  drawBusy(context, colours, mask, width) {
    const key = `${width} ${this.axis.kind}`;
    if (this.key !== key || this.mask !== mask) {
      const whole = { ...{ from: this.axis.begin, span: this.axis.end - this.axis.begin } };
      this.counted = new Uint32Array(width);
      const { run } = this.panels[0];
      for (let at = 0; at < run.length; at++) {
        if (mask && !mask[at]) continue;
        const place = Math.floor((this.axis.placeOf(run, at) - whole.from) / whole.span * width);
        this.counted[Math.min(width - 1, place)]++;
      }
      this.key = key;
      this.mask = mask;
    }
    let most = 1;
    for (const count of this.counted) if (count > most) most = count;
    context.fillStyle = colours.faint;
    this.counted.forEach((count, at) => {
      if (!count) return;
      const tall = 3 + 23 * Math.sqrt(count / most);
      context.fillRect(LABEL + at, 31 - tall, 1, tall);
    });
  }

  placeAt(x) {
    const width = this.canvas.clientWidth - LABEL;
    return this.axis.begin + (x - LABEL) / width * (this.axis.end - this.axis.begin);
  }
}
