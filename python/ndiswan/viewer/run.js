// The runs as the page has them: columns of numbers, one entry an event, and what they mean.

const about = JSON.parse(document.getElementById('about').textContent);
const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float64: Float64Array };
const LEVELS = ['PASSIVE', 'APC', 'DISPATCH'];

async function bytesOf(id) {
  const element = document.getElementById(id);
  const text = atob(element.textContent);
  element.remove(); // it is not needed twice, and a run may have megabytes
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}

async function unpacked(number) {
  const meta = about.runs[number];
  const names = Object.keys(meta.columns);
  const buffers = await Promise.all(names.map((name) => bytesOf(`run${number}-${name}`)));
  const columns = {};
  names.forEach((name, at) => { columns[name] = new ARRAYS[meta.columns[name]](buffers[at]); });
  columns.slots = new Uint32Array(await bytesOf(`run${number}-slots`));
  return new Run(number, meta, columns);
}

// Nanoseconds in the unit that a person would take.
function inWords(ns) {
  const units = [['s', 1e9], ['ms', 1e6], ['µs', 1e3]];
  for (const [unit, size] of units) {
    if (Math.abs(ns) >= size) return `${+(ns / size).toFixed(6)} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

class Run {
  constructor(number, meta, columns) {
    Object.assign(this, meta, columns);
    this.number = number;
    this.values = columns.number;
    this.brokenAt = new Map();
    for (const broken of this.breaks) {
      if (!this.brokenAt.has(broken.event)) this.brokenAt.set(broken.event, []);
      this.brokenAt.get(broken.event).push(broken);
    }
    this.cpus = 1;
    for (let at = 0; at < this.length; at++) if (this.cpu[at] >= this.cpus) this.cpus = this.cpu[at] + 1;
    this.reached = this.monotonic();
  }

  // Times that never go back: threads of a real clock may be recorded a little out of order.
  monotonic() {
    const times = new Float64Array(this.length + 1);
    let most = 0;
    for (let at = 0; at < this.length; at++) {
      if (this.time[at] > most) most = this.time[at];
      times[at] = most;
    }
    const first = this.length ? times[0] : 0;
    times[this.length] = most + Math.max(1, (most - first) * 0.01);
    return times;
  }

  nameOf(packet) {
    return `${this.slots[2 * packet]}${this.separator}${this.slots[2 * packet + 1]}`;
  }

  packetOf(event) {
    return this.packet[event] ? this.nameOf(this.packet[event] - 1) : '';
  }

  kindOf(event) { return this.texts[this.text[event]][0]; }

  laneOf(event) { return this.texts[this.text[event]][1]; }

  linkName(link) { return this.links[link] ?? `link ${link}`; }

  said(event) {
    const words = this.texts[this.text[event]][2];
    if (!words.includes('%')) return words;
    return words.replace(/%([ntlg])/g, (_, what) => {
      switch (what) {
        case 'n': return this.values[event].toLocaleString('en');
        case 't': return inWords(this.values[event]);
        case 'l': return this.link[event] ? this.linkName(this.link[event] - 1).replace(/^link /, '') : '?';
        default: return this.life[event];
      }
    });
  }

  ownerOf(event) {
    const owner = about.owners[this.owner[event]];
    // A frame that has left the card says nothing of who owns its packet.
    return owner === 'none' || (owner === 'pool' && this.laneOf(event) === 'line') ? '' : owner;
  }

  levelOf(event) { return LEVELS[this.irql[event]] ?? `DIRQL ${this.irql[event]}`; }

  siteOf(event) { return this.site[event] ? this.sites[this.site[event] - 1] : ''; }

  sentence(event) {
    const parts = [`Event ${event + 1} of ${this.length}`, inWords(this.time[event])];
    if (this.clock !== 'simulation') parts.push(`CPU ${this.cpu[event]}`);
    const packet = this.packetOf(event);
    let text = `${parts.join(', ')}. ${packet ? `Packet ${packet}: ` : ''}${this.said(event)}.`;
    if (this.ownerOf(event)) text += ` Owner: ${this.ownerOf(event)}.`;
    if (this.clock !== 'simulation') {
      text += ` ${this.levelOf(event)}, ${this.locks[event] || 'no'} lock${this.locks[event] === 1 ? '' : 's'} held.`;
    }
    for (const broken of this.brokenAt.get(event) ?? []) text += ` Breaks ${broken.rule}: ${broken.why}.`;
    return text;
  }
}
