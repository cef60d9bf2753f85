// Search among names by typing, for lists that are too long to show.

// Entries that a list shows at once.
const MOST_LISTED = 100

/** Fold case and accents: "ecole" finds "École". */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim()
}

/** Indices of the names that contain the typed text; those that begin with it come first. */
function matching(names, typed) {
  const wanted = plain(typed)
  return names
    .map((name, index) => ({ index, at: plain(name).indexOf(wanted) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => Number(a.at > 0) - Number(b.at > 0))
    .map(({ index }) => index)
}
