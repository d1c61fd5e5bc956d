// Which events are shown: of a packet, a link, a rule, with certain words. Without a filter, all.

const EXACT = 200000; // of more events, numbers inside of words are not searched for: it would stall

class Filter {
  constructor() { this.packet = ''; this.link = ''; this.rule = ''; this.search = ''; }

  get isEmpty() { return !(this.packet || this.link || this.rule || this.search); }

  // For each event whether it is shown, or null for all of them.
  maskOf(run) {
    if (this.isEmpty) return null;
    const mask = new Uint8Array(run.length).fill(1);
    if (this.packet) this.keepPacket(run, mask);
    if (this.link) this.keepLink(run, mask);
    if (this.rule) this.keepRule(run, mask);
    if (this.search.trim()) this.keepWords(run, mask);
    return mask;
  }

  keepPacket(run, mask) {
    const wanted = packetsCalled(run, this.packet);
    for (let at = 0; at < run.length; at++) mask[at] &= run.packet[at] ? wanted[run.packet[at] - 1] : 0;
  }

  keepLink(run, mask) {
    const wanted = run.links.indexOf(this.link) + 1;
    for (let at = 0; at < run.length; at++) mask[at] &= wanted && run.link[at] === wanted;
  }

  // Where the rule is broken, and what happened to the packets that it is about.
  keepRule(run, mask) {
    const broken = run.breaks.filter((one) => one.rule === this.rule);
    const events = new Set(broken.map((one) => one.event));
    const packets = new Set(broken.map((one) => run.packet[one.event]).filter((packet) => packet));
    for (let at = 0; at < run.length; at++) {
      mask[at] &= events.has(at) || packets.has(run.packet[at]);
    }
  }

  keepWords(run, mask) {
    const wanted = this.search.trim().toLowerCase();
    const inText = run.texts.map(([kind, lane, words]) => `${kind.replaceAll('_', ' ')} ${words}`.toLowerCase().includes(wanted));
    const inSite = run.sites.map((site) => site.toLowerCase().includes(wanted));
    const inPacket = packetsCalled(run, wanted.replace(/^packet +/, ''));
    const exact = /\d/.test(wanted) && run.length <= EXACT;
    for (let at = 0; at < run.length; at++) {
      if (!mask[at]) continue;
      const found = inText[run.text[at]]
        || (run.site[at] && inSite[run.site[at] - 1])
        || (run.packet[at] && inPacket[run.packet[at] - 1])
        || (run.brokenAt.size && run.brokenAt.has(at) && run.brokenAt.get(at).some((one) => `${one.rule} ${one.why}`.toLowerCase().includes(wanted)))
        || (exact && run.said(at).toLowerCase().includes(wanted));
      mask[at] = found ? 1 : 0;
    }
  }
}

// For each packet whether it has that name; a simulation has one of the name on the line, too.
function packetsCalled(run, name) {
  const found = new Uint8Array(run.slots.length / 2);
  const [first, second, ...rest] = name.trim().split(run.separator);
  if (second === undefined || rest.length) return found;
  for (let at = 0; at < found.length; at++) {
    found[at] = run.slots[2 * at] === +first && run.slots[2 * at + 1] === +second ? 1 : 0;
  }
  return found;
}

// The numbers of the events that are shown, in order; null for all.
function shownOf(mask) {
  if (!mask) return null;
  let count = 0;
  for (let at = 0; at < mask.length; at++) count += mask[at];
  const shown = new Uint32Array(count);
  for (let at = 0, to = 0; at < mask.length; at++) if (mask[at]) shown[to++] = at;
  return shown;
}

// The first place in a sorted list whose value is not less.
function placeOf(list, value) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
