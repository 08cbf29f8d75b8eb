/** Begins: takes the token out of the address, follows the node, draws. */
import { render } from "preact";
import { live } from "./live.ts";
import { takeToken } from "./session.ts";
import { Shell } from "./shell.tsx";
import { TokenForm } from "./token-form.tsx";

const page = document.querySelector("#page");
if (page !== null) {
  if (takeToken() === undefined) render(<TokenForm />, page);
  else {
    live.start();
    render(<Shell />, page);
  }
}
