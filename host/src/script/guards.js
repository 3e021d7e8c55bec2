// What the interpreter's own library lacks; evaluated before anything else.

// Texts of deeply nested values are made by a recursion that does not look at the stack. Where a function is asked about
// each value it does, and a script that is stopped ends there too.
const stringify = JSON.stringify;
JSON.stringify = function (value, replacer, space) {
  if (typeof replacer === "function") return stringify(value, replacer, space);
  const names = Array.isArray(replacer) ? new Set(replacer.map(String)) : undefined;
  const kept = function (name, field) {
    return names && name !== "" && !Array.isArray(this) && !names.has(name) ? undefined : field;
  };
  return stringify(value, kept, space);
};

// Scripts that let go of objects early run here too.
Symbol.dispose ?? Object.defineProperty(Symbol, "dispose", { value: Symbol.for("Symbol.dispose") });
