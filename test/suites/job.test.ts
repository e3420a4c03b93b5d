/** Many-way joins in the manner of the Join Order Benchmark (Leis et al. 2015) on a small made-up film database. */
import { runSuite } from "./suite.ts";

/** Most rows belong to a few films, as in the real data. */
const film = (salt: number) => `(random_below(i, ${salt}, 12) * random_below(i, ${salt + 1}, 12))::int`;

runSuite({
  name: "job",
  queries: 20,
  tables: {
    kind_type: `select * from (values (1, 'movie'), (2, 'tv series'), (3, 'video game'), (4, 'episode')) t(id, kind)`,
    info_type: `select * from (values (1, 'genres'), (2, 'languages'), (3, 'rating'), (4, 'votes'), (5, 'budget'), (6, 'top 250 rank'), (7, 'release dates')) t(id, info)`,
    company_type: `select * from (values (1, 'distributors'), (2, 'production companies'), (3, 'special effects companies'), (4, null)) t(id, kind)`,
    role_type: `select * from (values (1, 'actor'), (2, 'actress'), (3, 'producer'), (4, 'writer'), (5, 'director')) t(id, role)`,
    link_type: `select * from (values (1, 'follows'), (2, 'followed by'), (3, 'remake of'), (4, 'features')) t(id, link)`,
    comp_cast_type: `select * from (values (1, 'cast'), (2, 'crew'), (3, 'complete'), (4, 'complete+verified')) t(id, kind)`,
    title: `select i::int as id, (case when random_below(i, 1, 6) = 0 then 'Champion ' else 'Film ' end) || i as title, (1 + random_below(i, 2, 4))::int as kind_id,
      (case when random_below(i, 3, 9) = 0 then null else 1970 + random_below(i, 4, 45) end)::int as production_year,
      (case when random_below(i, 5, 4) = 0 then random_below(i, 6, 60) end)::int as episode_nr from range(130) r(i)`,
    company_name: `select i::int as id, 'Company ' || i || (case when random_below(i, 10, 4) = 0 then ' Film' else '' end) as name,
      ['[us]', '[de]', '[gb]', null][random_below(i, 11, 4) + 1] as country_code from range(30) r(i)`,
    keyword: `select i::int as id, ['sequel', 'murder', 'character-name-in-title', 'blood', 'love', 'marvel'][i % 6 + 1] || (case when i < 6 then '' else '-' || i end) as keyword from range(40) r(i)`,
    name: `select i::int as id, ['Tim', 'Ann', 'Bo', 'Zoë', 'Yuki'][random_below(i, 12, 5) + 1] || ' ' || i as name, ['m', 'f', null][random_below(i, 13, 3) + 1] as gender,
      chr((65 + i % 26)::int) || '52' as name_pcode_cf from range(150) r(i)`,
    char_name: `select i::int as id, ['Queen', 'Iron Man', 'Mother', 'Batman'][random_below(i, 14, 4) + 1] || ' ' || i as name from range(60) r(i)`,
    aka_name: `select i::int as id, random_below(i, 15, 150)::int as person_id, 'aka ' || random_below(i, 16, 50) as name from range(120) r(i)`,
    cast_info: `select i::int as id, random_below(i, 17, 150)::int as person_id, ${film(18)} as movie_id,
      (case when random_below(i, 20, 3) = 0 then null else random_below(i, 21, 60) end)::int as person_role_id,
      ['(voice)', '(producer)', '(writer)', '(uncredited)', null][random_below(i, 22, 5) + 1] as note, (1 + random_below(i, 23, 5))::int as role_id from range(900) r(i)`,
    movie_companies: `select i::int as id, ${film(24)} as movie_id, random_below(i, 26, 30)::int as company_id, (1 + random_below(i, 27, 4))::int as company_type_id,
      ['(co-production)', '(presents)', '(as Metro-Goldwyn-Mayer Pictures)', '(VHS)', null][random_below(i, 28, 5) + 1] as note from range(300) r(i)`,
    movie_info: `select i::int as id, ${film(29)} as movie_id, (1 + random_below(i, 31, 7))::int as info_type_id,
      ['Drama', 'Horror', 'German', 'English', 'USA: 2008', 'Sci-Fi'][random_below(i, 32, 6) + 1] as info, ['internet', null][random_below(i, 33, 2) + 1] as note from range(600) r(i)`,
    movie_info_idx: `select i::int as id, ${film(34)} as movie_id, (3 + random_below(i, 36, 4))::int as info_type_id, (random_below(i, 37, 100) / 10.0)::varchar as info from range(250) r(i)`,
    movie_keyword: `select i::int as id, ${film(38)} as movie_id, random_below(i, 40, 40)::int as keyword_id from range(400) r(i)`,
    movie_link: `select i::int as id, ${film(41)} as movie_id, ${film(43)} as linked_movie_id, (1 + random_below(i, 45, 4))::int as link_type_id from range(60) r(i)`,
    complete_cast: `select i::int as id, ${film(46)} as movie_id, (1 + random_below(i, 48, 2))::int as subject_id, (3 + random_below(i, 49, 2))::int as status_id from range(60) r(i)`,
    person_info: `select i::int as id, random_below(i, 50, 150)::int as person_id, (1 + random_below(i, 51, 7))::int as info_type_id, 'note ' || random_below(i, 52, 9) as info from range(200) r(i)`,
  },
});
