"use strict";

// In place of drf-spectacular's own script: signing in from the page is enough, the token needs no pasting.
const SCHEME = "bearerAuth";

const followSignIn = (response) => {
  const path = response.ok ? new URL(response.url, document.baseURI).pathname : "";
  if (/\/(login|token\/refresh)\/?$/.test(path) && response.obj?.access_token) {
    ui.preauthorizeApiKey(SCHEME, response.obj.access_token);
  } else if (/\/logout\/?$/.test(path)) {
    ui.authActions.logout([SCHEME]);
  }
  return response;
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const followColours = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColours);
followColours();

const ui = SwaggerUIBundle({
  url: "{{ schema_url|escapejs }}",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  responseInterceptor: followSignIn,
  ...{{ settings|safe }},
});
