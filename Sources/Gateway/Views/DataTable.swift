import Pages

/// A table that becomes a list of cards on small screens.
///
/// The cards change how the elements are displayed, which would hide the table from screen readers; the roles keep it.
struct DataTable {
    struct Column {
        var name: String
        var isNumber = false
    }

    /// A row; its first cell is its heading.
    struct Row {
        var cells: [Html]
    }

    /// Rows under a common heading.
    struct Group {
        var heading: Html?
        var rows: [Row]
    }

    var caption: String
    var columns: [Column]
    var groups: [Group]

    init(_ caption: String, _ columns: [Column], _ groups: [Group]) {
        (self.caption, self.columns, self.groups) = (caption, columns, groups)
    }

    init(_ caption: String, _ columns: [Column], rows: [Row]) {
        self.init(caption, columns, [Group(heading: nil, rows: rows)])
    }

    var html: Html {
        Html("div", .class("scroll")) {
            Html("table", .set("role", "table")) {
                Html("caption") { caption }
                Html("thead", .set("role", "rowgroup")) {
                    Html("tr", .set("role", "row")) {
                        for column in columns {
                            Html(
                                "th", DataTable.style(column) + [.set("role", "columnheader"), .set("scope", "col")]
                            ) { column.name }
                        }
                    }
                }
                for group in groups { body(group) }
            }
        }
    }

    private func body(_ group: Group) -> Html {
        Html("tbody", .set("role", "rowgroup")) {
            if let heading = group.heading {
                Html("tr", .class("group"), .set("role", "row")) {
                    Html(
                        "th", .set("role", "rowheader"), .set("scope", "rowgroup"),
                        .set("colspan", "\(columns.count)")
                    ) { heading }
                }
            }
            for row in group.rows {
                Html("tr", .set("role", "row")) {
                    for (index, cell) in row.cells.enumerated() { self.cell(cell, index) }
                }
            }
        }
    }

    private func cell(_ content: Html, _ index: Int) -> Html {
        if index == 0 { return Html("th", .set("role", "rowheader"), .set("scope", "row")) { content } }
        let column = columns[index]
        return Html("td", DataTable.style(column) + [.set("role", "cell"), .set("data-label", column.name)]) {
            Html("div") { content }
        }
    }

    private static func style(_ column: Column) -> [HtmlAttribute] { column.isNumber ? [.class("number")] : [] }
}
