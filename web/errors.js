// The pack's error messages in another language: `name: found. fix`, each of the three by the template of locales/ that it
// fits. It imports nothing of the page: locales.js connects it. A text that fits no template stays as it is.

const MESSAGE = "{0}: {1}. {2}";
const BOTH = "{0} and {1}";
const HOLE = /\{(\d+)\}/;
const HOLES = /\{(\d+)\}/g;
const LONGEST = 2000; // characters; a longer text is not ours alone
const LITERAL_ENOUGH = 12; // characters that a template for the words in a hole has, unless its own holes are single words

const literal = (template) => template.replace(HOLES, "");
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Return a template and the pattern of its texts. */
function compiled(template) {
  const pattern = template.split(HOLE).map((part, index) => (index % 2 ? "([^]*?)" : escaped(part)));
  return { template, pattern: new RegExp(`^${pattern.join("")}$`), length: literal(template).length };
}

/** Return a template with texts in its holes. */
const filled = (template, texts) => template.replace(HOLES, (_, index) => texts[index]);

/** Return a function that translates a message, undefined where it is none of ours; its second argument is the node's class. */
export function errorTranslator(table, nameOf) {
  const templates = Object.keys(table).filter((key) => key !== MESSAGE).map(compiled);

  /** Return the translation of a text by the template that explains most of it, and how much that is. */
  function find(text, node, nested = false) {
    let best;
    for (const { template, pattern, length } of templates) {
      const values = pattern.exec(text)?.slice(1);
      if (!values) continue;
      if (nested && literal(template).replace(/\s/g, "").length < LITERAL_ENOUGH && values.some((value) => /[\s,]/.test(value))) continue;
      let weight = length;
      const translated = table[template].replace(HOLES, (_, index, place) => {
        const quoted = table[template][place - 1] === "'";
        const inner = quoted ? undefined : valueOf(values[index], node);
        weight += inner?.weight ?? 0;
        return inner?.text ?? values[index];
      });
      if (!best || weight > best.weight) best = { text: translated, weight };
    }
    return best;
  }

  /** Return the translation of what stands in a hole: a name, words of ours, or a list of such; undefined for a value. */
  function valueOf(text, node) {
    const name = nameOf(text, node);
    if (name) return { text: name, weight: 0 };
    const whole = find(text, node, true);
    if (whole) return whole;
    const pieces = text.split(", ").map((piece) => [piece, /\s/.test(piece) ? find(piece, node, true) : undefined]);
    if (pieces.length === 1 || !pieces.some(([, found]) => found)) return undefined;
    return {
      text: pieces.map(([piece, found]) => found?.text ?? piece).join(", "),
      weight: pieces.reduce((sum, [, found]) => sum + (found?.weight ?? 0), 0),
    };
  }

  function inputs(text, node) {
    const whole = nameOf(text, node) ?? find(text, node, true)?.text;
    if (whole) return whole;
    return text.split(" and ").map((name) => nameOf(name, node) ?? find(name, node, true)?.text ?? name)
      .reduce((before, after) => filled(table[BOTH], [before, after]));
  }

  /** Return `found. fix` in both languages' parts, or undefined where no template has the advice. */
  function sentences(text, node) {
    let best;
    for (let at = text.indexOf(". "); at >= 0; at = text.indexOf(". ", at + 1)) {
      const fix = find(text.slice(at + 2), node);
      if (!fix) continue;
      const found = find(text.slice(0, at), node);
      const weight = fix.weight + (found?.weight ?? 0);
      if (!best || weight > best.weight) best = { weight, found: found?.text ?? text.slice(0, at), fix: fix.text };
    }
    return best;
  }

  return (message, node) => {
    if (!message || message.length > LONGEST) return undefined;
    const text = message.trimEnd(), end = text.indexOf(": ");
    const named = end > 0 ? sentences(text.slice(end + 2), node) : undefined;
    if (!named) {
      const bare = sentences(text, node); // of a validation, which states the input by itself
      return bare && filled(table[MESSAGE], ["", bare.found, bare.fix]).replace(/^[:：]\s*/, "");
    }
    return filled(table[MESSAGE], [inputs(text.slice(0, end), node), named.found, named.fix]) + message.slice(text.length);
  };
}

/** Translate `input - message` where validations of our nodes refused an input; return whether there was one. */
export function translateRefusals(refusals, translate, nameOf) {
  let changed = false;
  for (const { class_type: node, errors } of Object.values(refusals)) {
    for (const error of node?.startsWith("InverseCrafter") ? errors ?? [] : []) {
      const [, input, message] = /^(\w+) - ([^]*)$/.exec(error.details ?? "") ?? [];
      const translated = message && translate(message, node);
      if (!translated) continue;
      error.details = `${nameOf(input, node) ?? input} - ${translated}`;
      changed = true;
    }
  }
  return changed;
}
