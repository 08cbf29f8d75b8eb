import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { keepTyped } from "./session.ts";

/** Asks for the token where none came with the address. */
export function TokenForm({ because }: { because?: string }): VNode {
  const [wrong, setWrong] = useState(false);
  const [typed, setTyped] = useState("");
  const take = (event: Event): void => {
    event.preventDefault();
    if (keepTyped(typed)) location.reload();
    else setWrong(true);
  };
  return (
    <main class="alone">
      <h1>clubar</h1>
      <p>
        {because ?? "This page needs the token of the service that serves it."} The service printed an address that
        holds it when it started: a line that begins with <code>Web page:</code>.
      </p>
      <form onSubmit={take}>
        <label for="token">The address, or the token alone</label>
        <div class="line">
          <input
            id="token"
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <button type="submit" class="main">
            Open
          </button>
        </div>
        <p role="alert" class="wrong">
          {wrong ? "There is no token in that." : ""}
        </p>
      </form>
    </main>
  );
}
