/// What the browser is asked about a page, as JavaScript.
enum PageChecks {
    /// Milliseconds from the request to the first view with its data.
    static let loadTime = "return performance.getEntriesByName('retort-shown')[0]?.startTime ?? 99999"

    /// Nothing is loading any more, and charts are drawn.
    static let isSettled =
        "document.querySelector('main h1') && !/Loading…/.test(document.querySelector('main').innerText)"
        + " && [...document.querySelectorAll('[data-chart]')].every(chart => chart.querySelector('canvas'))"

    /// One heading of the first rank, no rank left out, a language, a title, and labels for tables.
    static let structure = """
        const problems = [];
        const ranks = [...document.querySelectorAll('h1, h2, h3, h4')].filter(heading => heading.offsetParent)
            .map(heading => Number(heading.tagName[1]));
        if (ranks.filter(rank => rank === 1).length !== 1) problems.push('not one h1');
        ranks.forEach((rank, at) => { if (at && rank > ranks[at - 1] + 1) problems.push(`h${ranks[at - 1]} before h${rank}`); });
        if (!document.documentElement.lang) problems.push('no language');
        if (!document.title.endsWith('Retort')) problems.push('no title');
        const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
        if (new Set(ids).size !== ids.length) problems.push('an id twice');
        if (document.querySelectorAll('nav [aria-current=page]').length !== 1) problems.push('not one current view');
        return problems.join('; ');
        """

    /// Texts whose contrast is below WCAG's AA: 4.5, or 3 where large.
    static let faintTexts = """
        const channels = (text) => {
            const numbers = text.match(/-?[\\d.]+(?:e-?\\d+)?/g)?.map(Number) ?? [0, 0, 0, 0];
            const scale = text.startsWith('color(') ? 255 : 1;
            return [...numbers.slice(0, 3).map(value => value * scale), numbers[3] ?? 1];
        };
        const over = (top, below) => top.slice(0, 3).map((value, at) => value * top[3] + below[at] * (1 - top[3])).concat(1);
        const background = (element) => {
            const layers = [];
            for (let at = element; at; at = at.parentElement) {
                const style = getComputedStyle(at);
                const colour = channels(style.backgroundColor);
                if (colour[3] > 0) layers.push(colour);
                if (colour[3] === 1) break;
                // The frame's two colours stand side by side: what is outside the bar is on paper.
                if (style.backgroundImage !== 'none') { layers.push(hex(style.getPropertyValue('--paper'))); break; }
            }
            return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
        };
        function hex(text) { const value = parseInt(text.trim().slice(1), 16); return [value >> 16, (value >> 8) & 255, value & 255, 1]; }
        const luminance = (colour) => {
            const [r, g, b] = colour.map(value => { const c = value / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode.data.trim();
            const element = walker.currentNode.parentElement;
            if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
            if (element.closest('.hidden, .skip, noscript, canvas, progress, option, script, style')) continue;
            const style = getComputedStyle(element);
            const behind = background(element);
            const [a, b] = [luminance(over(channels(style.color), behind)), luminance(behind)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            const size = parseFloat(style.fontSize);
            const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (isLarge ? 3 : 4.5)) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
        }
        return found;
        """

    /// Where the focus is: its place in the document, and whether it is seen.
    static let focus = """
        const element = document.activeElement;
        const all = [...document.querySelectorAll('*')];
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        return {
            place: element === document.body ? -1 : all.indexOf(element), what: element.outerHTML.slice(0, 120),
            visible: element !== document.body && box.width > 0 && box.height > 0 && style.outlineStyle !== 'none',
        };
        """
}
