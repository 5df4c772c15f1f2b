// Gives texts.js and errors.js the words of locales/, names blueprints in the node library, and keeps those of nodes where the page loses them: that of ComfyUI 0.3.75
// merges the packs' words first and then replaces them by its own when it loads a language. Newer pages merge them once more
// themselves, which changes nothing here.
import { api } from "/scripts/api.js";
import { app } from "/scripts/app.js";
import { errorTranslator, translateRefusals } from "./errors.js";
import { translateBy } from "./texts.js";

const OURS = "inversecrafter_core.errors.InputError"; // the end of the error's type; it is also raised below other nodes

const BLUEPRINT_TRIES = 240; // the page loads blueprints on its own, and tells nobody when they are there
const BLUEPRINT_PAUSE = 250; // ms

const vuePage = () => document.getElementById("vue-app")?.__vue_app__;

/** Return the page's vue-i18n composer, or undefined where it is out of reach. */
function pageComposer() {
  const page = vuePage();
  return page?._context?.provides?.[page.__VUE_I18N_SYMBOL__]?.global;
}

/** Name our blueprints in the node library; the nodes that they make, and so saved graphs, keep their English titles. */
export async function nameBlueprints(store, words, pause = () => new Promise((done) => setTimeout(done, BLUEPRINT_PAUSE))) {
  const missing = new Map(Object.entries(words));
  for (let tries = 0; missing.size && tries < BLUEPRINT_TRIES; tries++) {
    if (tries) await pause();
    for (const blueprint of store.subgraphBlueprints) {
      const { name, display_name: english } = blueprint;
      if (!missing.has(english) || name.endsWith(`.${english}`)) continue; // a user's own has its title for a name
      const { title, description } = missing.get(english);
      Object.assign(blueprint, { display_name: title, description });
      missing.delete(english);
    }
  }
}

/** Show our errors in the page's language; `words()` returns the words of it, undefined in English. */
export function translateErrors(words) {
  const tables = new Map(); // made at a language's first error
  const nodes = () => Object.entries(words()?.nodeDefs ?? {}).filter(([name]) => name.startsWith("InverseCrafter"));
  const nameOf = (input, node) =>
    [words()?.nodeDefs?.[node], ...nodes().map(([, each]) => each)].map((each) => each?.inputs?.[input]?.name).find(Boolean);
  const translate = (message, node) => {
    const table = words()?.inverseCrafterErrors;
    if (!table) return undefined;
    if (!tables.has(table)) tables.set(table, errorTranslator(table, nameOf));
    return tables.get(table)(message, node);
  };
  const { dispatchCustomEvent, fetchApi } = api;
  api.dispatchCustomEvent = function (type, detail) {
    if (type === "execution_error" && detail?.exception_type?.endsWith(OURS)) {
      detail.exception_message = translate(detail.exception_message, detail.node_type) ?? detail.exception_message;
    }
    return dispatchCustomEvent.apply(this, arguments);
  };
  const read = async (response) => {
    if (!words()?.inverseCrafterErrors) return response;
    const answer = await response.clone().json().catch(() => undefined);
    if (!answer?.node_errors || !translateRefusals(answer.node_errors, translate, nameOf)) return response;
    return new Response(JSON.stringify(answer), response);
  };
  api.fetchApi = function (route, options) {
    const answer = fetchApi.apply(this, arguments);
    return route === "/prompt" && options?.method === "POST" ? answer.then(read) : answer;
  };
}

let words = () => undefined; // of the page's language

app.registerExtension({
  name: "InverseCrafter.Locales",
  async init() {
    const composer = pageComposer();
    if (!composer?.setLocaleMessage || !composer.mergeLocaleMessage) return;
    const packs = await (await api.fetchApi("/i18n")).json();
    const { setLocaleMessage } = composer;
    composer.setLocaleMessage = (language, words) => {
      setLocaleMessage(language, words);
      if (packs[language]) composer.mergeLocaleMessage(language, packs[language]);
    };
    for (const [language, words] of Object.entries(packs)) composer.mergeLocaleMessage(language, words);
    words = () => packs[composer.locale.value];
    translateBy((key) => words()?.inverseCrafter?.[key]);
    translateErrors(words);
  },
  setup() {
    const store = vuePage()?.config?.globalProperties?.$pinia?._s?.get("subgraph");
    const names = words()?.inverseCrafterBlueprints;
    if (store?.subgraphBlueprints && names) nameBlueprints(store, names);
  },
});
