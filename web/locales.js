// Gives texts.js and errors.js the words of locales/, and keeps those of nodes where the page loses them: that of ComfyUI 0.3.75
// merges the packs' words first and then replaces them by its own when it loads a language. Newer pages merge them once more
// themselves, which changes nothing here.
import { api } from "/scripts/api.js";
import { app } from "/scripts/app.js";
import { errorTranslator, translateRefusals } from "./errors.js";
import { translateBy } from "./texts.js";

const OURS = "inversecrafter_core.errors.InputError"; // the end of the error's type; it is also raised below other nodes

/** Return the page's vue-i18n composer, or undefined where it is out of reach. */
function pageComposer() {
  const page = document.getElementById("vue-app")?.__vue_app__;
  return page?._context?.provides?.[page.__VUE_I18N_SYMBOL__]?.global;
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
    const words = () => packs[composer.locale.value];
    translateBy((key) => words()?.inverseCrafter?.[key]);
    translateErrors(words);
  },
});
