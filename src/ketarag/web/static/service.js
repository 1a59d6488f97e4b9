// The service's own routes, and the end of a session.

let ended = () => {};

// Called once, when the server says that nobody is signed in any more.
export const onSessionEnd = (act) => { ended = act; };

const plain = window.fetch.bind(window);
window.fetch = async (...request) => { // Gradio's requests too
  const response = await plain(...request);
  if (response.status === 401) {
    const act = ended;
    ended = () => {};
    act();
  }
  return response;
};

// The JSON of an answer; an Error with the server's own words for anything else.
export const ask = async (path, body) => {
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The service cannot be reached. Try again.");
  }
  if (response.ok) return response.json();
  const told = await response.json().catch(() => ({}));
  throw new Error(told.error?.message ?? `The service answered with ${response.status}. Try again.`);
};
