/**
 * Keeps React working while a browser translates the page. Google Translate puts a `<font>` in the place of each text
 * node, which React still holds: React would fail to remove the text or to insert something before it, and a text that
 * it changes would never be seen. So this remembers what stands for which text, directs React's calls there, and puts a
 * text back once it has changed; the translator then translates the new text.
 *
 * It changes two methods of `Node`. A translator works in a world of scripts of its own, so its own calls are not
 * affected. (https://github.com/facebook/react/issues/11538)
 */
export function surviveTranslation(root: Node): void {
  /** What stands in the place of a text that a translator has removed. */
  const standIns = new WeakMap<Node, Element>()
  const isTaken = new WeakSet<Node>()

  const observer = new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === 'characterData') putBack(record.target)
      else for (const removed of record.removedNodes) if (removed instanceof Text) note(removed, record)
    }
  })
  observer.observe(root, { childList: true, subtree: true })

  function note(text: Text, { addedNodes, previousSibling, nextSibling }: MutationRecord): void {
    const standIn = [...addedNodes, previousSibling, nextSibling].find((one) => isTranslation(one) && !isTaken.has(one))
    if (!isTranslation(standIn) || text.parentNode) return
    standIns.set(text, standIn)
    isTaken.add(standIn)
    observer.observe(text, { characterData: true })
  }

  function putBack(text: Node): void {
    const standIn = standIns.get(text)
    if (text.parentNode || !standIn) return
    standIns.delete(text)
    standIn.replaceWith(text)
  }

  /** The node itself, or what stands in its place. */
  const standing = (node: Node) => (node.parentNode ? node : (standIns.get(node) ?? node))

  const { insertBefore, removeChild } = Node.prototype
  Node.prototype.insertBefore = function <Inserted extends Node>(this: Node, node: Inserted, before: Node | null) {
    let place = before && standing(before)
    // A translator may have moved an element into its own.
    while (place && isTranslation(place.parentNode)) place = place.parentNode
    // Without a stand-in, nobody knows any more where a text was.
    if (place instanceof Text && !place.parentNode) place = null
    return insertBefore.call(this, node, place) as Inserted
  }
  Node.prototype.removeChild = function <Removed extends Node>(this: Node, child: Removed) {
    const place = standing(child)
    if (place instanceof Text && !place.parentNode) return child
    removeChild.call(isTranslation(place.parentNode) ? place.parentNode : this, place)
    return child
  }
}

function isTranslation(node: Node | null | undefined): node is HTMLElement {
  return node instanceof HTMLElement && node.tagName === 'FONT'
}
