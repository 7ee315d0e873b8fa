import { render } from "preact";
import { computed, signal } from "@preact/signals";

const name = signal("tail");
const whole = computed(() => name.value + "race");

render(<p>{whole}</p>, document.getElementById("app")!);
name.value = "Tail";
