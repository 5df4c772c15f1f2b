// Functions that page_kit.py calls in the page, by name.
({
dropFile: ([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: "application/json"}));
    const canvas = document.getElementById("graph-canvas");
    const box = canvas.getBoundingClientRect();
    const where = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true};
    for (const kind of ["dragenter", "dragover", "drop"])
        canvas.dispatchEvent(new DragEvent(kind, {...where, dataTransfer: data}));
},

drawnBox: ({id}) => document.querySelector(`[data-node-id="${id}"]`)?.getBoundingClientRect(),

rectangles() {
    const vue = !!LiteGraph.vueNodesMode, {scale, offset} = app.canvas.ds, origin = app.canvas.canvas.getBoundingClientRect();
    return app.graph.nodes.map(node => {
        const name = `${node.title} (${node.id})`, title = LiteGraph.NODE_TITLE_HEIGHT;
        const box = vue && this.drawnBox(node);
        if (vue && !box) throw new Error(`${name} is not drawn`);
        const [left, top] = box ? [box.x - origin.x, box.y - origin.y] : [];
        return box
            ? [name, left / scale - offset[0], top / scale - offset[1], box.width / scale, box.height / scale]
            : [name, node.pos[0], node.pos[1] - title, node.size[0], node.size[1] + title];
    });
},

standingOut: (boxes) => boxes.filter(([, ...box]) => app.graph.groups.some(({pos, size}) => {
    const ends = axis => [box[axis], box[axis] + box[axis + 2], pos[axis], pos[axis] + size[axis]];
    const touches = ([from, to, start, end]) => Math.min(to, end) - Math.max(from, start) > 1;
    const within = ([from, to, start, end]) => from > start - 1 && to < end + 1;
    return touches(ends(0)) && touches(ends(1)) && !(within(ends(0)) && within(ends(1)));
})).map(box => box[0]),

layout() {
    const {scale, offset} = app.canvas.ds;
    if (LiteGraph.vueNodesMode && !app.graph.nodes.every(this.drawnBox)) return "";
    return JSON.stringify([scale, ...offset, this.rectangles()]);
},

outOfView: (boxes) => {
    const {scale, offset} = app.canvas.ds, {clientWidth, clientHeight} = app.canvas.canvas;
    const at = (value, axis) => (value + offset[axis]) * scale;
    const seen = ([, x, y, width]) => at(x, 0) >= 0 && at(x + width, 0) <= clientWidth
        && at(y, 1) >= 0 && at(y + LiteGraph.NODE_TITLE_HEIGHT, 1) <= clientHeight;
    return boxes.filter(box => !seen(box)).map(box => box[0]);
},

cutTitles: () => {
    const {ctx} = app.canvas;
    return app.graph.nodes.filter(node => {
        ctx.font = `normal ${LiteGraph.NODE_TEXT_SIZE}px ${LiteGraph.NODE_FONT}`;
        return ctx.measureText(node.title).width + LiteGraph.NODE_TITLE_HEIGHT > node.size[0];
    }).map(node => node.title).concat(app.graph.groups.filter(group => {
        ctx.font = `${group.font_size}px ${LiteGraph.GROUP_FONT}`;
        return ctx.measureText(group.title).width + 4 > group.size[0];
    }).map(group => group.title));
},
})
