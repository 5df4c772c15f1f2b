// Gives texts.js the words of locales/, and keeps those of nodes where the page loses them: that of ComfyUI 0.3.75 merges the
// packs' words first and then replaces them by its own when it loads a language. Newer pages merge them once more themselves,
// which changes nothing here.
import { api } from "/scripts/api.js";
import { app } from "/scripts/app.js";
import { translateBy } from "./texts.js";

/** Return the page's vue-i18n composer, or undefined where it is out of reach. */
function pageComposer() {
  const page = document.getElementById("vue-app")?.__vue_app__;
  return page?._context?.provides?.[page.__VUE_I18N_SYMBOL__]?.global;
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
    translateBy((key) => packs[composer.locale.value]?.inverseCrafter?.[key]);
  },
});
