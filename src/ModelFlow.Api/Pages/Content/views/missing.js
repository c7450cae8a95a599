// An address that no view has.
import { tags } from "../dom.js";
import { heading, path } from "../parts.js";
import { t } from "../text.js";

export default () => ({
  title: () => t("missing"),
  render: () => [heading(t("missing")), tags.p(tags.a({ href: path("models") }, t("missing.back")))],
});
