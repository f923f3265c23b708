// Starts the explorer with the bearer token that was typed in. The token is kept in this tab only.
"use strict";

const field = document.getElementById("token");
const told = document.getElementById("told");
const root = window.ReactDOM && window.ReactDOM.createRoot(document.getElementById("explorer"));

function tell(text) {
  told.textContent = text;
  told.hidden = text === "";
}

// Nothing is asked before there is a token: without one, every question is refused.
function show(token) {
  if (token === "") {
    tell("A bearer token is needed: paste one above. On the machine of the desk, " +
      "`allhours token --tenant demo --role agent` prints one; --role admin may do more.");
    root.render(null);
    return;
  }
  tell("");
  const authorization = { Authorization: `Bearer ${token}` };
  const address = new URL("/graphql", window.location.href);
  const socket = new URL(address);
  socket.protocol = socket.protocol === "https:" ? "wss:" : "ws:";
  const fetcher = window.GraphiQL.createFetcher({
    url: address.href,
    subscriptionUrl: socket.href,
    headers: authorization,
    fetch: async (...asked) => {
      const answer = await window.fetch(...asked);
      if (answer.status === 401) {
        tell("This token is not accepted: it may have expired, or be another desk's. " +
          "`allhours token --tenant demo --role agent` prints a new one.");
      }
      return answer;
    },
    wsConnectionParams: authorization,
  });
  const query = "# Ask, or look at the documentation on the left.\n{\n  __typename\n}\n";
  root.render(window.React.createElement(window.GraphiQL, { key: token, fetcher, defaultQuery: query }));
}

document.getElementById("bearer").addEventListener("submit", (event) => {
  event.preventDefault();
  window.sessionStorage.setItem("token", field.value.trim());
  show(field.value.trim());
});

if (root && window.GraphiQL) {
  field.value = window.sessionStorage.getItem("token") || "";
  show(field.value);
} else {
  document.getElementById("missing").hidden = false;
}
