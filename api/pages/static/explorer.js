// Starts GraphiQL with a tab per example, each with its own token among the headers.
"use strict";

const examples = JSON.parse(document.getElementById("examples").textContent);
const tabs = examples.map((example) => ({
  query: `# ${example.title}\n${example.query}`,
  variables: JSON.stringify(example.variables, null, 2),
  headers: JSON.stringify({ Authorization: `Bearer ${example.token}` }, null, 2),
}));
const chosen = Number(new URLSearchParams(location.search).get("example") ?? 0);
if (tabs[chosen]) tabs.unshift(...tabs.splice(chosen, 1));

// The schema is asked for without a caller; queries carry the headers of their tab.
const fetcher = GraphiQL.createFetcher({
  url: "/graphql",
  subscriptionUrl: `${location.origin.replace(/^http/, "ws")}/graphql`,
});

ReactDOM.createRoot(document.getElementById("explorer")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultEditorToolsVisibility: tabs.length ? "headers" : "variables",
    defaultTabs: tabs.length ? tabs : undefined,
    // The first tab's editors take these, not what the tab says.
    variables: tabs[0]?.variables,
    headers: tabs[0]?.headers,
    defaultQuery: "# Sign in with the header {\"Authorization\": \"Bearer …\"} below.\n\n{\n  brand {\n    name\n  }\n}\n",
    shouldPersistHeaders: false,
    storage: memory(),
  }),
);

// Tokens of an earlier demonstration must not come back: nothing is kept between visits.
function memory() {
  const kept = new Map();
  return {
    get length() { return kept.size; },
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
}
