// Applies the theme that was chosen on this page before; runs before anything is painted.
"use strict";
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("assay-theme");
  } catch {
    // Storage is switched off: the system's theme it is.
  }
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
